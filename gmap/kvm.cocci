// SPDX-License-Identifier: GPL-2.0
// KVM_RUN and the key ioctl return -EFAULT for what the gmap refuses; key
// instructions do not retry it.
// file: arch/s390/kvm/kvm-s390.c
// file: arch/s390/kvm/priv.c
// rule run: 2
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
+	return -EFAULT;
 if (vcpu->arch.sie_block->icptcode > 0) {
 int rc =
-kvm_handle_sie_intercept(vcpu)
+gmap_user_error(kvm_handle_sie_intercept(vcpu))
 ;
 ...
 } else { ... }
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
