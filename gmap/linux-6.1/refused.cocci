// SPDX-License-Identifier: GPL-2.0
// KVM_RUN promotes what do_exception() refused, and enters SIE again.
// file: arch/s390/kvm/kvm-s390.c
// rule run: 1

@run@
identifier vcpu, exit_reason;
@@
 static int vcpu_post_run(struct kvm_vcpu *vcpu, int exit_reason)
 {
 <...
+if (exit_reason == -EFAULT && gmap_was_refused())
+	return gmap_retry_refusal(vcpu->arch.gmap, current->thread.gmap_addr);
 if (vcpu->arch.sie_block->icptcode > 0) { ... } else { ... }
 ...>
 }
