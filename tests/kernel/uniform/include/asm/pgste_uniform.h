/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For comparison: a flag of the mm says whether its tables have PGSTEs, as in stock
 * Linux, but it is tested once per operation and all other code is that of the mixed
 * kernel. So the difference to the mixed kernel is what telling two kinds of table
 * apart costs. A process that creates a VM late gets no PGSTEs: this kernel cannot
 * run its guest. Included by <asm/pgste.h> of the tree `uniform`.
 */
#ifndef _ASM_S390_PGSTE_UNIFORM_H
#define _ASM_S390_PGSTE_UNIFORM_H

static __always_inline int mm_has_pgste(struct mm_struct *mm)
{
	return READ_ONCE(mm->context.pgste_map) == PGSTE_MAP_ALL;
}

#define ptep_has_pgste(mm, ptep)	mm_has_pgste(mm)

#endif /* _ASM_S390_PGSTE_UNIFORM_H */
