// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: execute an instruction again that KVM_RUN failed on
//
// Bug in stock Linux: an intercepted instruction that fails in KVM (no memory, a signal)
// ends KVM_RUN with an error and the PSW behind it. When KVM_RUN is called again the
// guest goes on without the instruction. Step back, so that it is executed again, from
// the block it had got to if it works on many.
// file: arch/s390/kvm/kvm-s390.c
// file: arch/s390/kvm/priv.c
// rule define: 1
// rule undo: 1
// rule progress: 1
// rule sske: 1
// rule pfmf: 1

@define@
@@
+/*
+ * What KVM_RUN returns an error for has not been executed. Not stepped back are what
+ * user space completes, a program interruption, for which that is done already, and
+ * SIE: it may end without an intercept at any time, and then the nested guest is in
+ * its control block, but for registers of the vCPU that can be the operand's base.
+ */
+static int undo_failed_intercept(struct kvm_vcpu *vcpu, int rc)
+{
+	struct kvm_s390_sie_block *scb = vcpu->arch.sie_block;
+	bool sie = scb->icptcode == ICPT_INST && scb->ipa == 0xb214;
+
+	if (rc < 0 && rc != -EOPNOTSUPP && rc != -EREMOTE && scb->icptcode != ICPT_PROGI && !sie)
+		kvm_s390_retry_instr(vcpu);
+	return rc;
+}
+
 static int vcpu_post_run(struct kvm_vcpu *vcpu, int exit_reason)
 {
 ...
 }

@undo@
@@
 vcpu_post_run(...)
 {
 <...
-kvm_handle_sie_intercept(vcpu)
+undo_failed_intercept(vcpu, kvm_handle_sie_intercept(vcpu))
 ...>
 }

@progress@
@@
+/* An instruction on several blocks goes on at @addr when it is executed again. */
+static int stopped_at(struct kvm_vcpu *vcpu, bool blocks, int reg, unsigned long addr, int rc)
+{
+	bool amode64 = psw_bits(vcpu->arch.sie_block->gpsw).eaba == PSW_BITS_AMODE_64BIT;
+	unsigned long mask = amode64 ? PAGE_MASK : 0xfffff000UL;
+	__u64 *gpr = &vcpu->run->s.regs.gprs[reg];
+
+	if (blocks)
+		*gpr = (*gpr & ~mask) | (kvm_s390_logical_to_effective(vcpu, addr) & mask);
+	return rc;
+}
+
 static int handle_sske(struct kvm_vcpu *vcpu)
 {
 ...
 }

@sske@
identifier rc;
@@
 handle_sske(...)
 {
 <...
 if (rc < 0)
-	return rc;
+	return stopped_at(vcpu, m3 & SSKE_MB, reg2, start, rc);
 ...>
 }

@pfmf@
identifier rc;
@@
 handle_pfmf(...)
 {
 <...
 if (rc < 0)
-	return rc;
+	return stopped_at(vcpu, vcpu->run->s.regs.gprs[reg1] & PFMF_FSC, reg2, start, rc);
 ...>
 }
