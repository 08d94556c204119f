// SPDX-License-Identifier: GPL-2.0
/*
 * The operations on a PTE that may have to maintain a PGSTE. Each asks once
 * which kind of table it works on and then goes one of two ways: the one
 * without PGSTEs is what a kernel without KVM would do, the one with them is
 * Linux's own code with the question taken for answered (pgste_known()).
 *
 * Part of arch/s390/mm/pgtable.c (see ptep.cocci), whose primitives it uses.
 */

static __always_inline pte_t pgste_xchg(struct mm_struct *mm, unsigned long addr,
					pte_t *ptep, pte_t new,
					pte_t (*flush)(struct mm_struct *, unsigned long,
						       pte_t *, int))
{
	pgste_t pgste = ptep_xchg_start(mm, addr, ptep);
	pte_t old = flush(mm, addr, ptep, !!(pgste_val(pgste) & _PGSTE_GPS_NODAT));

	return ptep_xchg_commit(mm, addr, ptep, pgste, old, new);
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
pte_t ptep_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t new)
{
	pte_t old;

	preempt_disable();
	if (ptep_has_pgste(mm, ptep)) {
		old = pgste_xchg(mm, addr, ptep, new, ptep_flush_direct);
	} else {
		old = ptep_flush_direct(mm, addr, ptep, 0);
		set_pte(ptep, new);
	}
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
pte_t ptep_xchg_lazy(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t new)
{
	pte_t old;

	preempt_disable();
	if (ptep_has_pgste(mm, ptep)) {
		old = pgste_xchg(mm, addr, ptep, new, ptep_flush_lazy);
	} else {
		old = ptep_flush_lazy(mm, addr, ptep, 0);
		set_pte(ptep, new);
	}
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
pte_t ptep_modify_prot_start(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep)
{
	struct mm_struct *mm = vma->vm_mm;
	pgste_t pgste;
	pte_t old;

	preempt_disable();
	if (!ptep_has_pgste(mm, ptep))
		return ptep_flush_lazy(mm, addr, ptep, 0);
	pgste = ptep_xchg_start(mm, addr, ptep);
	old = ptep_flush_lazy(mm, addr, ptep, !!(pgste_val(pgste) & _PGSTE_GPS_NODAT));
	pgste_set(ptep, pgste_update_all(old, pgste, mm));
	return set_pte_bit(old, __pgprot(_PAGE_PGSTE_LOCKED));
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
	if (!MACHINE_HAS_NX)
		pte = clear_pte_bit(pte, __pgprot(_PAGE_NOEXEC));
	if (pte_val(old_pte) & _PAGE_PGSTE_LOCKED) {
		pgste_t pgste = pgste_get(ptep);

		pte = clear_pte_bit(pte, __pgprot(_PAGE_PGSTE_LOCKED));
		pgste_set_key(ptep, pgste, pte, vma->vm_mm);
		pgste_set_unlock(ptep, pgste_set_pte(ptep, pgste, pte));
	} else {
		set_pte(ptep, pte);
	}
	preempt_enable();
}

/**
 * ptep_set_pte_guest_mm - set_pte_at() for an mm that has, or had, a guest
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry, invalid
 * @entry: its new value
 *
 * An entry moved here from a table with PGSTEs can have _PAGE_UNUSED: that was
 * for the caller, not for the table.
 */
void ptep_set_pte_guest_mm(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t entry)
{
	if (pte_present(entry))
		entry = clear_pte_bit(entry, __pgprot(_PAGE_UNUSED));
	if (ptep_has_pgste(mm, ptep))
		ptep_set_pte_at(mm, addr, ptep, entry);
	else
		set_pte(ptep, entry);
}
