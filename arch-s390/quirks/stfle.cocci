// SPDX-License-Identifier: GPL-2.0
// STFLE of a guest is intercepted on Hercules and emulated (asm/hercules-stfle.h). A
// nested guest's goes to its hypervisor if that asked for it, by the same bit.
// file: arch/s390/kvm/priv.c
// file: arch/s390/kvm/kvm-s390.c
// file: arch/s390/kvm/vsie.c
// rule emulate: 2
// rule intercept: 1
// rule nested: 1

@emulate@
identifier vcpu;
@@
+#include <asm/hercules-stfle.h>
+
 int kvm_s390_handle_b2(struct kvm_vcpu *vcpu)
 {
+if (is_stfle_on_hercules(vcpu))
+	return emulate_stfle(vcpu);
 ...
 }

@intercept@
identifier vcpu;
@@
 kvm_s390_vcpu_setup(struct kvm_vcpu *vcpu)
 {
 <...
 vcpu->arch.sie_block->hpid = HPID_KVM;
+if (on_hercules)
+	vcpu->arch.sie_block->ictl |= 0x10000000;	/* STFLE, on this machine */
 ...>
 }

@nested@
identifier scb_s;
@@
 do_vsie_run(...)
 {
 <...
- scb_s->ipa == 0xb2b0
+ scb_s->ipa == 0xb2b0 && !on_hercules
 ...>
 }
