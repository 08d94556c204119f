/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For comparison: the question as the RFC of 2017 asked it, at each place where
 * stock Linux asks for the mm's flag, and without static keys. Included by
 * <asm/pgste.h> of the tree `naive`.
 */
#ifndef _ASM_S390_PGSTE_NAIVE_H
#define _ASM_S390_PGSTE_NAIVE_H

static __always_inline int mm_has_pgste(struct mm_struct *mm)
{
	return mm->context.pgste_map != NULL;
}

static __always_inline bool ptep_has_pgste(struct mm_struct *mm, const pte_t *ptep)
{
	if (!mm_has_pgste(mm))
		return false;
	return page_flag_pgste(pfn_to_page(__pa(ptep) >> PAGE_SHIFT));
}

#define pgste_known(mm)		ptep_has_pgste(mm, ptep)

#endif /* _ASM_S390_PGSTE_NAIVE_H */
