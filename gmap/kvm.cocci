// SPDX-License-Identifier: GPL-2.0
// A memory slot has its tables promoted when it is created, what turns up later
// when the guest gets there. KVM_RUN and the key ioctl return -EFAULT for what
// stays refused; key instructions do not retry it.
// file: arch/s390/kvm/kvm-s390.c
// file: arch/s390/kvm/priv.c
// rule run: 2
// rule promote: 1
// rule key: 5
// rule ioctl: 1
// rule header: 2

@run@
identifier vcpu, exit_reason;
@@
 static int vcpu_post_run(struct kvm_vcpu *vcpu, int exit_reason)
 {
 <...
+if (exit_reason == -EFAULT && gmap_was_refused())
+	return gmap_retry_refusal(vcpu->arch.gmap, current->thread.gmap_addr);
 if (vcpu->arch.sie_block->icptcode > 0) {
 int rc =
-kvm_handle_sie_intercept(vcpu)
+gmap_user_error(kvm_handle_sie_intercept(vcpu))
 ;
 ...
 } else { ... }
 ...>
 }

@promote@
identifier new, change;
@@
 kvm_arch_prepare_memory_region(..., struct kvm_memory_slot *new, enum kvm_mr_change change)
 {
 <...
+if (change == KVM_MR_CREATE || change == KVM_MR_MOVE)
+	gmap_promote_early(current->mm, new->userspace_addr, new->npages * PAGE_SIZE);
 if (!kvm->arch.migration_mode) return 0;
 ...>
 }

@key@
identifier fn =~ "^(handle_(iske|rrbe|sske|pfmf)|kvm_s390_set_skeys)$";
expression hva, unlocked;
identifier rc;
@@
 fn(...)
 {
 <...
 rc =
-fixup_user_fault(current->mm, hva, FAULT_FLAG_WRITE, unlocked)
+gmap_fixup_key_fault(rc, current->mm, hva, FAULT_FLAG_WRITE, unlocked)
 ...>
 }

@ioctl@
identifier r;
@@
 kvm_s390_set_skeys(...)
 {
 <...
-return r;
+return gmap_user_error(r);
 ...>
 }

@header@
@@
 #include <asm/gmap.h>
+#include <asm/gmap_admission.h>
