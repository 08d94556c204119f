/* SPDX-License-Identifier: GPL-2.0 */
/*
 * STFLE of a guest on Hercules, which would show it the host's facilities: it does not
 * know the facility list of a guest's control block. For arch/s390/kvm/priv.c, after
 * kvm-s390.h.
 */
#ifndef _ASM_S390_HERCULES_STFLE_H
#define _ASM_S390_HERCULES_STFLE_H

#include <asm/hercules.h>

static inline bool is_stfle_on_hercules(struct kvm_vcpu *vcpu)
{
	return on_hercules && vcpu->arch.sie_block->ipa == 0xb2b0;
}

/* As Principles of Operation has it; the length in general register 0 is in doublewords. */
static int emulate_stfle(struct kvm_vcpu *vcpu)
{
	unsigned long *gpr0 = (unsigned long *)&vcpu->run->s.regs.gprs[0];
	u64 *list = vcpu->kvm->arch.model.fac_list;
	int has = S390_ARCH_FAC_LIST_SIZE_U64, room = (*gpr0 & 0xff) + 1, rc;
	u64 addr;
	u8 ar;

	if (!test_kvm_facility(vcpu->kvm, 7))
		return kvm_s390_inject_program_int(vcpu, PGM_OPERATION);
	addr = kvm_s390_get_base_disp_s(vcpu, &ar);
	if (addr & 7)
		return kvm_s390_inject_program_int(vcpu, PGM_SPECIFICATION);
	while (has > 1 && !list[has - 1])
		has--;
	rc = write_guest(vcpu, addr, ar, list, min(has, room) * sizeof(*list));
	if (rc)
		return kvm_s390_inject_prog_cond(vcpu, rc);
	*gpr0 = (*gpr0 & ~0xffUL) | (has - 1);
	kvm_s390_set_psw_cc(vcpu, room < has ? 3 : 0);
	return 0;
}

#endif
