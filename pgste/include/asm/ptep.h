/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations on a PTE that may have to maintain a PGSTE (pgste/ptep.c).
 *
 * The functions in ptep.c return an unsigned long. pte_t is a struct, which the
 * ABI of s390 returns in memory, and a function that does so cannot end with a
 * jump to another one.
 *
 * Included by <asm/pgtable.h>.
 */
#ifndef _ASM_S390_PTEP_H
#define _ASM_S390_PTEP_H

#include <linux/preempt.h>
#include <asm/pgste.h>

#ifdef CONFIG_PGSTE_MIXED

unsigned long pteval_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
				 pte_t new);
unsigned long pteval_xchg_lazy(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
			       pte_t new);
unsigned long pteval_clear_flush(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep);
unsigned long pteval_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep);
unsigned long pteval_clear_protected(pte_t *ptep);
unsigned long pteval_modify_prot_start(struct vm_area_struct *vma, unsigned long addr,
				       pte_t *ptep);
unsigned long pteval_move_special(pte_t pte, unsigned long to);
void ptep_pgste_commit(struct mm_struct *mm, pte_t *ptep, pte_t pte);

static inline pte_t ptep_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
				     pte_t new)
{
	return __pte(pteval_xchg_direct(mm, addr, ptep, new));
}

static inline pte_t ptep_xchg_lazy(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
				   pte_t new)
{
	return __pte(pteval_xchg_lazy(mm, addr, ptep, new));
}

static inline pte_t ptep_clear_flush(struct vm_area_struct *vma, unsigned long addr,
				     pte_t *ptep)
{
	return __pte(pteval_clear_flush(vma, addr, ptep));
}

static inline pte_t ptep_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	return __pte(pteval_get_and_clear(mm, addr, ptep));
}

/**
 * ptep_get_and_clear_full - ptep_get_and_clear() that needs no flush at process exit
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry
 * @full: the process exits: no other CPU uses the mm, and its whole TLB will be flushed
 *
 * Context: page table lock held, the page not yet released.
 */
static inline pte_t ptep_get_and_clear_full(struct mm_struct *mm, unsigned long addr,
					    pte_t *ptep, int full)
{
	pte_t old;

	if (!full)
		return ptep_get_and_clear(mm, addr, ptep);
	if (mm_is_protected(mm))
		return __pte(pteval_clear_protected(ptep));
	old = *ptep;
	WRITE_ONCE(*ptep, __pte(_PAGE_INVALID));
	return old;
}

/*
 * An operation returns _PAGE_UNUSED in the old PTE if the guest declared the page
 * unused. The bit must not get into a table: set_pte_at() removes it from an entry
 * that is put back, move_pte() from one that mremap moves to another table. And
 * the zero page of a table that no guest can reach must not get into one that a
 * guest can (PGSTE_NO_ZERO_PAGES).
 */
#define __HAVE_ARCH_MOVE_PTE
static inline pte_t pte_moved(pte_t pte, unsigned long to)
{
	if (static_branch_unlikely(&pgste_in_use) && pte_val(pte) & _PAGE_PRESENT) {
		pte = __pte(pte_val(pte) & ~_PAGE_UNUSED);
		if (PGSTE_NO_ZERO_PAGES && unlikely(pte_val(pte) & _PAGE_SPECIAL))
			pte = __pte(pteval_move_special(pte, to));
	}
	return pte;
}

/*
 * ptep_modify_prot_start() sets this bit in the old PTE that it returns if it has
 * locked a PGSTE. The caller hands the old PTE to ptep_modify_prot_commit()
 * unchanged, which therefore needs no test of its own. No present PTE in a table
 * has the bit: set_pte_at() removes it.
 */
#define _PAGE_PGSTE_LOCKED	_PAGE_UNUSED

static inline pte_t ptep_modify_prot_start(struct vm_area_struct *vma, unsigned long addr,
					   pte_t *ptep)
{
	return __pte(pteval_modify_prot_start(vma, addr, ptep));
}

/**
 * ptep_modify_prot_commit - put a PTE back with its new protection
 * @vma: the VMA
 * @addr: the address the entry maps
 * @ptep: the entry
 * @old_pte: what ptep_modify_prot_start() returned
 * @pte: the new value
 *
 * Context: as ptep_modify_prot_start() left it. Enables preemption.
 */
static inline void ptep_modify_prot_commit(struct vm_area_struct *vma, unsigned long addr,
					   pte_t *ptep, pte_t old_pte, pte_t pte)
{
	if (!MACHINE_HAS_NX)
		pte = __pte(pte_val(pte) & ~_PAGE_NOEXEC);
	if (pte_val(old_pte) & _PAGE_PGSTE_LOCKED)
		ptep_pgste_commit(vma->vm_mm, ptep,
				  __pte(pte_val(pte) & ~_PAGE_PGSTE_LOCKED));
	else
		WRITE_ONCE(*ptep, pte);
	preempt_enable();
}

#endif /* CONFIG_PGSTE_MIXED */

#endif /* _ASM_S390_PTEP_H */
