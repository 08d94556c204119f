// SPDX-License-Identifier: GPL-2.0
/*
 * The operations on a PTE that may have to maintain a PGSTE. Each tests once
 * which kind of table it works on and then jumps to one of two variants. The
 * plain_ variant does what a kernel without KVM would do. The pgste_ variant uses
 * Linux's primitives, in which the test for PGSTEs is compiled out (pgste_known()).
 * A variant is a function of its own and is called last: so the test needs no
 * stack frame, and each variant saves only the registers that it needs itself.
 *
 * This file is part of arch/s390/mm/pgtable.c (see ptep.cocci), whose primitives
 * it uses. They are inlined (flatten): calling them would cost more than the test
 * (docs/bench.md). <asm/ptep.h> says why an unsigned long is returned.
 */

#define __flatten	__attribute__((flatten))

typedef pte_t pte_flush(struct mm_struct *mm, unsigned long addr, pte_t *ptep, int nodat);

static int __init pgste_protected_init(void)
{
	if (is_prot_virt_host())
		static_branch_enable(&pgste_protected);
	return 0;
}
early_initcall(pgste_protected_init);

#define __variant	noinline __flatten

static __always_inline pte_t plain_xchg(struct mm_struct *mm, unsigned long addr,
					pte_t *ptep, pte_t new, pte_flush *flush)
{
	pte_t old;

	preempt_disable();
	old = flush(mm, addr, ptep, 0);
	set_pte(ptep, new);
	preempt_enable();
	return old;
}

static __always_inline pte_t pgste_xchg(struct mm_struct *mm, unsigned long addr,
					pte_t *ptep, pte_t new, pte_flush *flush)
{
	pgste_t pgste;
	pte_t old;

	preempt_disable();
	pgste = ptep_xchg_start(mm, addr, ptep);
	old = flush(mm, addr, ptep, !!(pgste_val(pgste) & _PGSTE_GPS_NODAT));
	old = ptep_xchg_commit(mm, addr, ptep, pgste, old, new);
	preempt_enable();
	return old;
}

/* Called last: so who clears entries needs no stack frame. */
static noinline unsigned long export_page(pte_t old)
{
	uv_export_pte(old);
	return pte_val(old);
}

/*
 * A page of a protected guest is exported now, while the reference that its PTE
 * holds keeps it from being reused.
 */
static __always_inline unsigned long unprotect(struct mm_struct *mm, pte_t old)
{
	if (mm_is_protected(mm) && pte_present(old))
		return export_page(old);
	return pte_val(old);
}

static __variant unsigned long plain_xchg_direct(struct mm_struct *mm, unsigned long addr,
						 pte_t *ptep, pte_t new)
{
	return pte_val(plain_xchg(mm, addr, ptep, new, ptep_flush_direct));
}

static __variant unsigned long pgste_xchg_direct(struct mm_struct *mm, unsigned long addr,
						 pte_t *ptep, pte_t new)
{
	return pte_val(pgste_xchg(mm, addr, ptep, new, ptep_flush_direct));
}

/**
 * pteval_xchg_direct - replace a PTE, flushing the TLB of every CPU now
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry
 * @new: its new value
 *
 * Context: page table lock held.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
unsigned long __flatten pteval_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
					   pte_t new)
{
	return ptep_has_pgste(mm, ptep) ?
	       pgste_xchg_direct(mm, addr, ptep, new) :
	       plain_xchg_direct(mm, addr, ptep, new);
}
EXPORT_SYMBOL_GPL(pteval_xchg_direct);

static __variant unsigned long plain_xchg_lazy(struct mm_struct *mm, unsigned long addr,
					       pte_t *ptep, pte_t new)
{
	return pte_val(plain_xchg(mm, addr, ptep, new, ptep_flush_lazy));
}

static __variant unsigned long pgste_xchg_lazy(struct mm_struct *mm, unsigned long addr,
					       pte_t *ptep, pte_t new)
{
	return pte_val(pgste_xchg(mm, addr, ptep, new, ptep_flush_lazy));
}

/**
 * pteval_xchg_lazy - replace a PTE; if only this CPU uses the mm, flush later
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry
 * @new: its new value
 *
 * Context: page table lock held.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
unsigned long __flatten pteval_xchg_lazy(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
					 pte_t new)
{
	return ptep_has_pgste(mm, ptep) ?
	       pgste_xchg_lazy(mm, addr, ptep, new) :
	       plain_xchg_lazy(mm, addr, ptep, new);
}
EXPORT_SYMBOL_GPL(pteval_xchg_lazy);

static __variant unsigned long plain_clear_direct(struct mm_struct *mm, unsigned long addr,
						  pte_t *ptep)
{
	return unprotect(mm, plain_xchg(mm, addr, ptep, __pte(_PAGE_INVALID),
					ptep_flush_direct));
}

static __variant unsigned long pgste_clear_direct(struct mm_struct *mm, unsigned long addr,
						  pte_t *ptep)
{
	return unprotect(mm, pgste_xchg(mm, addr, ptep, __pte(_PAGE_INVALID),
					ptep_flush_direct));
}

/**
 * pteval_clear_flush - empty a PTE, flushing the TLB of every CPU now
 * @vma: the VMA
 * @addr: the address the entry maps
 * @ptep: the entry
 *
 * Context: page table lock held, the page not yet released.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
unsigned long __flatten pteval_clear_flush(struct vm_area_struct *vma, unsigned long addr,
					   pte_t *ptep)
{
	return ptep_has_pgste(vma->vm_mm, ptep) ?
	       pgste_clear_direct(vma->vm_mm, addr, ptep) :
	       plain_clear_direct(vma->vm_mm, addr, ptep);
}
EXPORT_SYMBOL_GPL(pteval_clear_flush);

static __variant unsigned long plain_clear_lazy(struct mm_struct *mm, unsigned long addr,
						pte_t *ptep)
{
	return unprotect(mm, plain_xchg(mm, addr, ptep, __pte(_PAGE_INVALID), ptep_flush_lazy));
}

static __variant unsigned long pgste_clear_lazy(struct mm_struct *mm, unsigned long addr,
						pte_t *ptep)
{
	return unprotect(mm, pgste_xchg(mm, addr, ptep, __pte(_PAGE_INVALID), ptep_flush_lazy));
}

/**
 * pteval_get_and_clear - empty a PTE; if only this CPU uses the mm, flush later
 * @mm: the address space
 * @addr: the address the entry maps
 * @ptep: the entry
 *
 * Context: page table lock held, the page not yet released.
 * Return: the old value, with _PAGE_UNUSED if the guest declared the page so.
 */
unsigned long __flatten pteval_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	return ptep_has_pgste(mm, ptep) ?
	       pgste_clear_lazy(mm, addr, ptep) :
	       plain_clear_lazy(mm, addr, ptep);
}
EXPORT_SYMBOL_GPL(pteval_get_and_clear);

/**
 * pteval_clear_protected - empty a PTE of a process that ran a protected guest and exits
 * @ptep: the entry
 *
 * The guest is gone, so the page can be destroyed; if that fails, it is exported.
 *
 * Context: page table lock held, the page not yet released.
 * Return: the old value.
 */
unsigned long pteval_clear_protected(pte_t *ptep)
{
	pte_t old = *ptep;

	set_pte(ptep, __pte(_PAGE_INVALID));
	if (pte_present(old) && uv_destroy_page_of(old))
		uv_export_pte(old);
	return pte_val(old);
}
EXPORT_SYMBOL_GPL(pteval_clear_protected);

static __variant unsigned long plain_start(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	preempt_disable();
	return pte_val(ptep_flush_lazy(mm, addr, ptep, 0));
}

static __variant unsigned long pgste_start(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	pgste_t pgste = __pgste(0), locked;
	pte_t old;

	preempt_disable();
	if (pgste_known(mm)) {
		locked = pgste_get_lock(ptep);
		pgste = pgste_pte_notify(mm, addr, ptep, locked);
		/* The notifier seldom changes the PGSTE; then it need not be stored. */
		if (pgste_val(pgste) != pgste_val(locked))
			pgste_set(ptep, pgste);
	}
	old = ptep_flush_lazy(mm, addr, ptep, !!(pgste_val(pgste) & _PGSTE_GPS_NODAT));
	if (pgste_known(mm)) {
		if (unlikely(mm_uses_skeys(mm)))
			pgste_set(ptep, pgste_update_all(old, pgste, mm));
		old = set_pte_bit(old, __pgprot(_PAGE_PGSTE_LOCKED));
	}
	return pte_val(old);
}

/**
 * pteval_modify_prot_start - take a present PTE out for a change of protection
 * @vma: the VMA
 * @addr: the address the entry maps
 * @ptep: the entry, present; left invalid, its PGSTE, if any, locked
 *
 * Context: page table lock held, up to ptep_modify_prot_commit(). Disables
 * preemption.
 * Return: the old value, to be given to ptep_modify_prot_commit() unchanged.
 */
unsigned long __flatten pteval_modify_prot_start(struct vm_area_struct *vma, unsigned long addr,
						 pte_t *ptep)
{
	return ptep_has_pgste(vma->vm_mm, ptep) ?
	       pgste_start(vma->vm_mm, addr, ptep) :
	       plain_start(vma->vm_mm, addr, ptep);
}

static noinline void pgste_commit_keys(struct mm_struct *mm, pte_t *ptep, pte_t pte)
{
	pgste_t pgste = pgste_get(ptep);

	pgste_set_key(ptep, pgste, pte, mm);
	pgste_set_unlock(ptep, pgste_set_pte(ptep, pgste, pte));
}

/**
 * ptep_pgste_commit - ptep_modify_prot_commit() for an entry with PGSTE
 * @mm: the address space
 * @ptep: the entry, its PGSTE locked
 * @pte: the new value
 *
 * The rare case, storage keys in use, is a separate function so that this one
 * needs no stack frame.
 */
void ptep_pgste_commit(struct mm_struct *mm, pte_t *ptep, pte_t pte)
{
	if (unlikely(mm_uses_skeys(mm)))
		return pgste_commit_keys(mm, ptep, pte);
	pgste_set_unlock(ptep, pgste_set_pte(ptep, pgste_get(ptep), pte));
}

static __always_inline pte_t without_unused(pte_t pte)
{
	return likely(pte_val(pte) & _PAGE_PRESENT) ?
	       clear_pte_bit(pte, __pgprot(_PAGE_UNUSED)) : pte;
}

/**
 * ptep_pgste_store - set_pte_at() for an entry with PGSTE
 * @mm: the address space
 * @ptep: the entry, invalid
 * @entry: its new value; _PAGE_UNUSED, if set, is not stored
 */
void ptep_pgste_store(struct mm_struct *mm, pte_t *ptep, pte_t entry)
{
	pgste_t pgste;

	if (unlikely(mm_uses_skeys(mm)))
		return ptep_set_pte_at(mm, 0, ptep, without_unused(entry));
	preempt_disable();
	pgste = pgste_get_lock(ptep);
	pgste_val(pgste) &= ~_PGSTE_GPS_ZERO;
	pgste = pgste_set_pte(ptep, pgste, without_unused(entry));
	pgste_set_unlock(ptep, pgste);
	preempt_enable();
}

/**
 * pteval_move_special - a special entry that mremap moves to another table
 * @pte: the entry
 * @to: its new address
 *
 * A process with guests maps no zero page where a guest can be: a guest that sets
 * the key of one page would set that of all. The page is faulted in when it is used.
 *
 * Context: mmap lock of current held for writing.
 * Return: the entry to be stored.
 */
unsigned long pteval_move_special(pte_t pte, unsigned long to)
{
	struct vm_area_struct *vma;

	if (!is_zero_pfn(pte_pfn(pte)) || !mm_has_pgste(current->mm))
		return pte_val(pte);
	vma = vma_lookup(current->mm, to);
	/* A driver's mapping does not come back by a fault. */
	return vma && vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP) ? pte_val(pte) : _PAGE_INVALID;
}
