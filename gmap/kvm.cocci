// SPDX-License-Identifier: GPL-2.0
// The tables of a memory slot are promoted when the slot is created, those of memory
// that the process maps later when the guest gets there. KVM_RUN and ioctls return
// -EFAULT for memory that is refused; key instructions do not retry it.
// file: arch/s390/kvm/kvm-s390.c
// file: arch/s390/kvm/priv.c
// rule run_error: 1
// rule promote: 1
// rule key: 2
// rule keys: 2
// rule key_ioctl: 1
// rule fault_ioctl: 1
// rule usage: 1
// rule ioctl_error: 2
// rule header: 2

@run_error@
@@
 kvm_arch_vcpu_ioctl_run(...)
 {
 <...
-__vcpu_run(vcpu)
+gmap_user_error(__vcpu_run(vcpu))
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
identifier fn =~ "^handle_(iske|rrbe)$";
expression hva, unlocked;
identifier rc;
@@
 fn(...)
 {
 <...
 rc =
-fixup_user_fault(current->mm, hva, FAULT_FLAG_WRITE, unlocked)
+gmap_fixup_key_fault(rc, current->mm, gaddr, hva, unlocked)
 ...>
 }

@keys@
identifier fn =~ "^handle_(sske|pfmf)$";
expression hva, unlocked;
identifier rc;
@@
 fn(...)
 {
 <...
 rc =
-fixup_user_fault(current->mm, hva, FAULT_FLAG_WRITE, unlocked)
+gmap_fixup_key_fault(rc, current->mm, start, hva, unlocked)
 ...>
 }

@key_ioctl@
expression hva, unlocked;
identifier r;
@@
 kvm_s390_set_skeys(...)
 {
 <...
 r =
-fixup_user_fault(current->mm, hva, FAULT_FLAG_WRITE, unlocked)
+gmap_fixup_key_fault(r, current->mm, gfn_to_gpa(args->start_gfn + i), hva, unlocked)
 ...>
 }

@fault_ioctl@
@@
-gmap_fault(vcpu->arch.gmap, arg, 0)
+gmap_ioctl_error(gmap_fault(vcpu->arch.gmap, arg, 0))

@usage@
expression hva, mask, value;
@@
 kvm_s390_set_cmma_bits(...)
 {
 <...
-set_pgste_bits(kvm->mm, hva, mask, value);
+r = gmap_set_usage(kvm->mm, gfn_to_gpa(args->start_gfn + i), hva, mask, value);
+if (r)
+	break;
 ...>
 }

@ioctl_error@
identifier fn =~ "^kvm_s390_set_(skeys|cmma_bits)$", r;
@@
 fn(...)
 {
 <...
-return r;
+return gmap_ioctl_error(r);
 ...>
 }

@header@
@@
 #include <asm/gmap.h>
+#include <asm/gmap_admission.h>
