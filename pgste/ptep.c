// SPDX-License-Identifier: GPL-2.0
/*
 * The operations on a PTE that may have to maintain a PGSTE. Each asks once
 * which kind of table it works on and then goes one of two ways: the one
 * without PGSTEs is what a kernel without KVM would do, the one with them is
 * Linux's own code with the question taken for answered (pgste_known()).
 *
 * Part of arch/s390/mm/pgtable.c (see ptep.cocci), whose primitives it uses.
 * What they call is inlined (__flatten): as calls, the primitives would cost more
 * than the question (docs/bench.md).
 */

#define __flatten	__attribute__((flatten))

/* Part of the kernel's own image: no need to look for it in the GOT. */
extern struct page *vmemmap __attribute__((visibility("hidden")));

typedef pte_t pte_flush(struct mm_struct *mm, unsigned long addr, pte_t *ptep, int nodat);

static int __init pgste_protected_init(void)
{
	if (is_prot_virt_host())
		static_branch_enable(&pgste_protected);
	return 0;
}
early_initcall(pgste_protected_init);

static __always_inline pte_t pgste_xchg(struct mm_struct *mm, unsigned long addr,
					pte_t *ptep, pte_t new, pte_flush *flush)
{
	pgste_t pgste = ptep_xchg_start(mm, addr, ptep);
	pte_t old = flush(mm, addr, ptep, !!(pgste_val(pgste) & _PGSTE_GPS_NODAT));

	return ptep_xchg_commit(mm, addr, ptep, pgste, old, new);
}

/*
 * Naively (for comparison, make bench), the primitives ask, each time, and there is
 * one way only.
 */
#ifdef CONFIG_PGMIX_TEST_NAIVE
#define asks_here(mm, ptep)		true
#define pgste_can_be_locked()		true
#define commit_asks_again(mm, ptep)	ptep_has_pgste(mm, ptep)
#define pgste_way			__always_inline
#else
#define asks_here(mm, ptep)		ptep_has_pgste(mm, ptep)
#define pgste_can_be_locked()		static_branch_unlikely(&pgste_in_use)
#define commit_asks_again(mm, ptep)	true
#define pgste_way			noinline
#endif

static __always_inline pte_t plain_xchg(struct mm_struct *mm, unsigned long addr,
					pte_t *ptep, pte_t new, pte_flush *flush)
{
	pte_t old = flush(mm, addr, ptep, 0);

	set_pte(ptep, new);
	return old;
}

/* The page is still held by the mapping: what protects it can be undone. */
static __always_inline pte_t unprotect(struct mm_struct *mm, pte_t old)
{
	if (mm_is_protected(mm) && pte_present(old))
		uv_convert_owned_from_secure(pte_val(old) & PAGE_MASK);
	return old;
}

/**
 * ptep_xchg_direct - replace a PTE, flushing the TLB of every CPU now
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry
 * @new: its new value
 *
 * Context: page table lock held.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
pte_t __flatten ptep_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
				 pte_t new)
{
	pte_t old;

	preempt_disable();
	if (asks_here(mm, ptep))
		old = pgste_xchg(mm, addr, ptep, new, ptep_flush_direct);
	else
		old = plain_xchg(mm, addr, ptep, new, ptep_flush_direct);
	preempt_enable();
	return old;
}

/**
 * ptep_xchg_lazy - replace a PTE; if only this CPU uses the mm, flush later
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry
 * @new: its new value
 *
 * Context: page table lock held.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
pte_t __flatten ptep_xchg_lazy(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
			       pte_t new)
{
	pte_t old;

	preempt_disable();
	if (asks_here(mm, ptep))
		old = pgste_xchg(mm, addr, ptep, new, ptep_flush_lazy);
	else
		old = plain_xchg(mm, addr, ptep, new, ptep_flush_lazy);
	preempt_enable();
	return old;
}

/**
 * ptep_clear_flush - empty a PTE, flushing the TLB of every CPU now
 * @vma: the mapping
 * @addr: the address the entry maps
 * @ptep: the entry
 *
 * Context: page table lock held, the page not yet released.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
pte_t __flatten ptep_clear_flush(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t old;

	preempt_disable();
	if (asks_here(mm, ptep))
		old = unprotect(mm, pgste_xchg(mm, addr, ptep, __pte(_PAGE_INVALID),
					       ptep_flush_direct));
	else
		old = unprotect(mm, plain_xchg(mm, addr, ptep, __pte(_PAGE_INVALID),
					       ptep_flush_direct));
	preempt_enable();
	return old;
}

/**
 * ptep_get_and_clear - empty a PTE; if only this CPU uses the mm, flush later
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry
 *
 * Context: page table lock held, the page not yet released.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
pte_t __flatten ptep_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	pte_t old;

	preempt_disable();
	if (asks_here(mm, ptep))
		old = unprotect(mm, pgste_xchg(mm, addr, ptep, __pte(_PAGE_INVALID),
					       ptep_flush_lazy));
	else
		old = unprotect(mm, plain_xchg(mm, addr, ptep, __pte(_PAGE_INVALID),
					       ptep_flush_lazy));
	preempt_enable();
	return old;
}

/*
 * From ptep_modify_prot_start() to ptep_modify_prot_commit() the answer travels
 * in the old PTE, which the caller hands back as it got it: set if the PGSTE is
 * locked. No present PTE in a table has this bit: set_pte_at() takes it away.
 */
#define _PAGE_PGSTE_LOCKED	_PAGE_UNUSED

/**
 * ptep_modify_prot_start - take a present PTE out for a change of protection
 * @vma: the mapping
 * @addr: the address the entry maps
 * @ptep: the entry, present; left invalid, its PGSTE, if any, locked
 *
 * Context: page table lock held, up to ptep_modify_prot_commit(). Disables
 * preemption.
 * Return: the old value, to be given to ptep_modify_prot_commit() unchanged.
 */
pte_t __flatten ptep_modify_prot_start(struct vm_area_struct *vma, unsigned long addr,
				       pte_t *ptep)
{
	struct mm_struct *mm = vma->vm_mm;
	pgste_t pgste;
	pte_t old;

	preempt_disable();
	if (!asks_here(mm, ptep))
		return ptep_flush_lazy(mm, addr, ptep, 0);
	pgste = ptep_xchg_start(mm, addr, ptep);
	old = ptep_flush_lazy(mm, addr, ptep, !!(pgste_val(pgste) & _PGSTE_GPS_NODAT));
	if (pgste_known(mm)) {
		pgste_set(ptep, pgste_update_all(old, pgste, mm));
		old = set_pte_bit(old, __pgprot(_PAGE_PGSTE_LOCKED));
	}
	return old;
}

static noinline void pgste_commit_keys(struct mm_struct *mm, pte_t *ptep, pte_t pte)
{
	pgste_t pgste = pgste_get(ptep);

	pgste_set_key(ptep, pgste, pte, mm);
	pgste_set_unlock(ptep, pgste_set_pte(ptep, pgste, pte));
	preempt_enable();
}

/*
 * What is rare is a function of its own: one that calls nothing, or at its end
 * only, needs no stack frame. @ptep is where ptep_modify_prot_commit() has it.
 */
static pgste_way void pgste_commit(struct vm_area_struct *vma, pte_t pte, pte_t *ptep)
{
	pte = clear_pte_bit(pte, __pgprot(_PAGE_PGSTE_LOCKED));
	if (!MACHINE_HAS_NX)
		pte = clear_pte_bit(pte, __pgprot(_PAGE_NOEXEC));
	if (unlikely(mm_uses_skeys(vma->vm_mm)))
		return pgste_commit_keys(vma->vm_mm, ptep, pte);
	pgste_set_unlock(ptep, pgste_set_pte(ptep, pgste_get(ptep), pte));
	preempt_enable();
}

/**
 * ptep_modify_prot_commit - put a PTE back with its new protection
 * @vma: the mapping
 * @addr: the address the entry maps
 * @ptep: the entry
 * @old_pte: what ptep_modify_prot_start() returned
 * @pte: the new value
 *
 * Context: as ptep_modify_prot_start() left it. Enables preemption.
 */
void ptep_modify_prot_commit(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *ptep, pte_t old_pte, pte_t pte)
{
	if (pgste_can_be_locked() && pte_val(old_pte) & _PAGE_PGSTE_LOCKED &&
	    commit_asks_again(vma->vm_mm, ptep))
		return pgste_commit(vma, pte, ptep);
	/* Two stores: GCC makes a copy of @pte first if there is one. */
	if (MACHINE_HAS_NX)
		set_pte(ptep, pte);
	else
		set_pte(ptep, clear_pte_bit(pte, __pgprot(_PAGE_NOEXEC)));
	preempt_enable();
}

static __always_inline void pgste_store(struct mm_struct *mm, pte_t *ptep, pte_t entry)
{
	pgste_t pgste;

	if (unlikely(mm_uses_skeys(mm)))
		return ptep_set_pte_at(mm, 0, ptep, entry);
	preempt_disable();
	pgste = pgste_get_lock(ptep);
	pgste_val(pgste) &= ~_PGSTE_GPS_ZERO;
	pgste_set_unlock(ptep, pgste_set_pte(ptep, pgste, entry));
	preempt_enable();
}

/*
 * An entry moved here from a table with PGSTEs can have _PAGE_UNUSED: that was
 * for the caller, not for the table.
 */
static __always_inline pte_t without_unused(pte_t entry)
{
	return pte_present(entry) ? clear_pte_bit(entry, __pgprot(_PAGE_UNUSED)) : entry;
}

/**
 * ptep_set_pte_all - set_pte_at() for an mm in which every table has PGSTEs
 * @mm: the address space
 * @ptep: the entry, invalid
 * @entry: its new value
 */
void ptep_set_pte_all(struct mm_struct *mm, pte_t *ptep, pte_t entry)
{
	pgste_store(mm, ptep, without_unused(entry));
}

/**
 * ptep_set_pte_mixed - set_pte_at() for an mm with, until now, both kinds
 * @mm: the address space
 * @ptep: the entry, invalid
 * @entry: its new value
 *
 * If its last guest has gone since set_pte_at() asked, all its tables are 2K,
 * and say so.
 */
void ptep_set_pte_mixed(struct mm_struct *mm, pte_t *ptep, pte_t entry)
{
	entry = without_unused(entry);
	if (pgtable_kind(ptep) == PGTABLE_PGSTE)
		pgste_store(mm, ptep, entry);
	else
		set_pte(ptep, entry);
}
