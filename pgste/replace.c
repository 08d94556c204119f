// SPDX-License-Identifier: GPL-2.0
/*
 * Replacing page tables of a running process. A page table that a VMA covers may be
 * replaced only while nobody can reach it. This is who could, and what keeps each of
 * them away from the moment when the segment entry becomes invalid until it points
 * to the new table:
 *
 *  - faults, munmap, mprotect, mremap, fork, mlock, madvise, userfaultfd, KVM's
 *    key, usage-state and dirty-log operations, the shadowing of nested guests:
 *    the mmap lock, held for writing;
 *  - faults and userfaultfd under a VMA lock, where Linux has them: the lock of
 *    every VMA that reaches into the segment (segment_end_faults());
 *  - reverse-map walkers (reclaim, migration, KSM, truncate, hole punch): the
 *    lock of the file's i_mmap and of the anon_vma, held for writing, of every
 *    VMA that reaches into the segment;
 *  - lockless walkers (gup-fast): they disable interrupts, so when every CPU
 *    has taken an interrupt there is none left that has read the old entry;
 *  - other threads of the process, the kernel's accesses to user space: the
 *    entry is invalidated with a TLB flush; they fault and wait;
 *  - SIE: the segment is unlinked from every gmap with a TLB flush; a vCPU faults
 *    and waits. The notifiers armed in its PGSTEs (the prefix page, what shadow
 *    tables were built from) are called before that, while they can still find
 *    the guest address through the gmap;
 *  - exit: the caller holds a reference to the mm's users.
 *
 * Everything that can fail (new tables, the mmap lock) comes first. docs/locking.md
 * has the long version.
 */

#include <linux/atomic.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>
#include <asm/gmap.h>
#include <asm/gmap_admission.h>
#include <asm/pgalloc.h>
#include <asm/pgtable_replace.h>
#include <asm/tlb.h>
#include "linux.h"

static atomic_long_t replaced[PGTABLE_RELOCATE + 1];

/**
 * pgtable_replaced - how many tables were replaced since boot
 * @what: in which way
 */
unsigned long pgtable_replaced(enum pgtable_replace what)
{
	return atomic_long_read(&replaced[what]);
}

struct segment {
	unsigned long addr;
	pmd_t *pmdp;
	unsigned long *old, *new;
	bool pfnmap;		/* some of it is a VM_PFNMAP VMA */
};

struct batch {
	enum pgtable_replace what;
	unsigned long next;
	bool full;		/* takes no more, though there is space */
	/* Demotion: tables were left because they carry storage keys. */
	bool keys_left;
	/* Segments to be replaced, the VMAs that reach into them, other work done. */
	int nr, nr_vmas, handled;
	struct segment segments[PGTABLE_REPLACE_BATCH];
	/* The VMAs that reach into these segments, each once, by address. */
	struct vm_area_struct *vmas[PGTABLE_REPLACE_VMAS];
};

static pgste_t *table_pgste(unsigned long *table)
{
	return (pgste_t *)(table + PTRS_PER_PTE);
}

static enum pgtable_kind table_kind(const void *table)
{
	return pgtable_page_kind(virt_to_page(table));
}

/*
 * Does the table carry storage keys that a guest has set, and that the next guest has to
 * find? The key of a page that the guest could write is in the frame. Otherwise it is in
 * the PGSTE, and the frame can have the key of a former owner, which enabling keys does
 * not reset. The process has no guest now, so nobody changes a key, and reclaim moves the
 * key of a page that it takes away to the PGSTE under the page table lock.
 *
 * The rest of a PGSTE may be lost. Without reference and change bits a page counts as
 * referenced and changed. Without its usage state it counts as in use: the state only
 * says what the host may do with the page, never what it must do.
 */
static bool carries_keys(struct mm_struct *mm, pmd_t *pmdp, unsigned long *table)
{
	unsigned long mask = _PAGE_ACC_BITS | _PAGE_FP_BIT, key = 0;
	pgste_t *pgste = table_pgste(table);
	pte_t *ptep = (pte_t *)table;
	spinlock_t *ptl;
	int i;

	if (!mm_uses_skeys(mm))
		return false;
	ptl = pte_lockptr(mm, pmdp);
	spin_lock(ptl);
	for (i = 0; i < PTRS_PER_PTE && (key & mask) == PAGE_DEFAULT_KEY; i++) {
		pte_t pte = ptep[i];

		if (pte_present(pte) && pte_write(pte) && !(pte_val(pte) & _PAGE_INVALID) &&
		    pte_has_key(pte))
			key = page_get_storage_key(pte_val(pte) & PAGE_MASK);
		else
			key = pgste_val(pgste[i]) >> 56;
	}
	spin_unlock(ptl);
	return (key & mask) != PAGE_DEFAULT_KEY;
}

/*
 * The table of a segment, if it is to be replaced. The entry is read here for good, and once: a
 * huge page can be split or zapped meanwhile, a page table retracted (table_was_retracted()).
 */
static unsigned long *table_to_replace(struct mm_struct *mm, struct batch *batch, pmd_t *pmdp)
{
	pmd_t pmd = READ_ONCE(*pmdp);
	unsigned long *table = (unsigned long *)pmd_deref(pmd);

	if (!pmd_present(pmd) || pmd_leaf(pmd))
		return NULL;
	switch (batch->what) {
	case PGTABLE_PROMOTE:
		return table_kind(table) == PGTABLE_2K ? table : NULL;
	case PGTABLE_DEMOTE:
		if (table_kind(table) != PGTABLE_PGSTE)
			return NULL;
		if (!carries_keys(mm, pmdp, table))
			return table;
		batch->keys_left = true;
		batch->handled++;
		return NULL;
	default:
		return table;
	}
}

static enum pgtable_kind kind_after(enum pgtable_replace what, enum pgtable_kind before)
{
	switch (what) {
	case PGTABLE_PROMOTE:
		return PGTABLE_PGSTE;
	case PGTABLE_DEMOTE:
		return PGTABLE_2K;
	default:
		return before;
	}
}

static bool maps_zero_page(pte_t pte)
{
	return pte_present(pte) && is_zero_pfn(pte_pfn(pte));
}

/*
 * Promotion removes entries of the zero page (see adopt_pte()), and the next access to
 * them is a page fault. A userfaultfd client that is told of missing pages would then be
 * told a second time about a page that it has provided. So the fault is made now.
 */
static int replace_zero_pages(struct batch *batch, struct vm_area_struct *vma,
			      const unsigned long *table, unsigned long addr,
			      unsigned long end)
{
	for (; addr < end; addr += PAGE_SIZE) {
		if (!maps_zero_page(__pte(READ_ONCE(table[pte_index(addr)]))))
			continue;
		/* Up to 256 page faults take as long as a batch: let this be the last segment. */
		batch->full = true;
		/* The VMA is private, so this makes a copy even if the process may not write. */
		if (handle_mm_fault(vma, addr, FAULT_FLAG_WRITE, NULL) & VM_FAULT_OOM)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Add a segment to the batch, with its VMAs, which begin at *@vmap, and its new table.
 * That is allocated here, because under rmap locks, which reclaim takes, it could not be.
 * Leaves in *@vmap the first VMA that reaches beyond the segment.
 */
static int add_segment(struct mm_struct *mm, struct batch *batch, unsigned long addr,
		       pmd_t *pmdp, unsigned long *old, struct vma_iterator *vmi,
		       struct vm_area_struct **vmap)
{
	struct segment *segment = &batch->segments[batch->nr];
	unsigned long end = addr + PMD_SIZE;
	struct vm_area_struct *vma;
	int rc;

	segment->pfnmap = false;
	for (vma = *vmap; vma && vma->vm_start < end; vma = vma_next(vmi)) {
		/* The segment before can have added it already. */
		if (!batch->nr_vmas || batch->vmas[batch->nr_vmas - 1] != vma)
			batch->vmas[batch->nr_vmas++] = vma;
		if (vma->vm_flags & VM_PFNMAP)
			segment->pfnmap = true;
		if (PGSTE_NO_ZERO_PAGES && batch->what == PGTABLE_PROMOTE &&
		    userfaultfd_missing(vma)) {
			rc = replace_zero_pages(batch, vma, old, max(addr, vma->vm_start),
						min(end, vma->vm_end));
			if (rc)
				return rc;
		}
		if (vma->vm_end > end)
			break;
	}
	*vmap = vma;
	segment->new = page_table_alloc_kind(mm, kind_after(batch->what, table_kind(old)));
	if (!segment->new)
		return -ENOMEM;
	segment->addr = addr;
	segment->pmdp = pmdp;
	segment->old = old;
	batch->nr++;
	return 0;
}

/*
 * The segment entry of @addr, or NULL. *@next becomes the first address after the
 * segment, or after the whole range that has no segment table.
 */
static pmd_t *find_segment(struct mm_struct *mm, unsigned long addr, unsigned long end,
			 unsigned long *next)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;

	*next = pgd_addr_end(addr, end);
	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	*next = p4d_addr_end(addr, end);
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, addr);
	*next = pud_addr_end(addr, end);
	if (pud_none(*pud) || pud_leaf(*pud))
		return NULL;
	*next = pmd_addr_end(addr, end);
	return pmd_offset(pud, addr);
}

/* A guest needs a page table. For a huge page of a file the next fault makes it. */
static void split_huge(struct batch *batch, struct vm_area_struct *vma, pmd_t *pmdp,
		       unsigned long addr)
{
	pmd_t pmd = READ_ONCE(*pmdp);

	if (!pmd_present(pmd) || !pmd_leaf(pmd))
		return;
	batch->handled++;
	split_huge_pmd(vma, pmdp, addr);
}

/*
 * Collect up to a batch of segments from batch->next on, and set batch->next to where to
 * go on. This goes from VMA to VMA: there can be few of them in a large address space,
 * and many in one segment. A hugetlb VMA fills whole segments and has no page tables.
 */
static int collect(struct mm_struct *mm, struct batch *batch, unsigned long end)
{
	VMA_ITERATOR(vmi, mm, batch->next);
	struct vm_area_struct *vma = vma_next(&vmi);
	unsigned long addr = batch->next, next, *old;
	int looks = 0, rc;
	pmd_t *pmdp;

	batch->nr = batch->nr_vmas = batch->handled = 0;
	batch->full = false;
	for (; vma && addr < end; addr = next) {
		if (vma->vm_end <= addr) {
			mas_set(&vmi.mas, addr);
			vma = vma_next(&vmi);
			next = addr;
			continue;
		}
		addr = max(addr, vma->vm_start & PMD_MASK);
		if (addr >= end)
			break;
		batch->next = addr;
		if (batch->nr + batch->handled >= PGTABLE_REPLACE_BATCH || batch->full ||
		    ++looks > PGTABLE_REPLACE_LOOKS ||
		    batch->nr_vmas > PGTABLE_REPLACE_VMAS - PTRS_PER_PTE)
			return 0;
		if (is_vm_hugetlb_page(vma)) {
			next = vma->vm_end;
			continue;
		}
		pmdp = find_segment(mm, addr, end, &next);
		/* Read once: a page fault may put a table there until faults are ended. */
		if (!pmdp || pmd_none(READ_ONCE(*pmdp)))
			continue;
		segment_end_faults(mm, addr, addr + PMD_SIZE);
		if (batch->what == PGTABLE_PROMOTE)
			split_huge(batch, vma, pmdp, addr);
		old = table_to_replace(mm, batch, pmdp);
		if (!old)
			continue;
		rc = add_segment(mm, batch, addr, pmdp, old, &vmi, &vma);
		if (rc)
			return rc;
	}
	batch->next = end;
	return 0;
}

/*
 * For one VMA: its own two locks, in the order in which everybody takes both. For more:
 * mm_lock_rmap(), which is safe against others that take many.
 */
static void lock_rmap(struct mm_struct *mm, struct batch *batch)
{
	struct vm_area_struct *vma = batch->vmas[0];

	if (batch->nr_vmas > 1) {
		mm_lock_rmap(mm, batch->vmas, batch->nr_vmas);
		return;
	}
	if (vma->vm_file)
		i_mmap_lock_write(vma->vm_file->f_mapping);
	if (vma->anon_vma)
		anon_vma_lock_write(vma->anon_vma);
}

static void unlock_rmap(struct mm_struct *mm, struct batch *batch)
{
	struct vm_area_struct *vma = batch->vmas[0];

	if (batch->nr_vmas > 1) {
		mm_unlock_rmap(mm, batch->vmas, batch->nr_vmas);
		return;
	}
	if (vma->anon_vma)
		anon_vma_unlock_write(vma->anon_vma);
	if (vma->vm_file)
		i_mmap_unlock_write(vma->vm_file->f_mapping);
}

/*
 * Call the notifiers of a table, by exchanging entries for themselves, and unlink it
 * from every gmap. Notifiers cannot be armed again meanwhile: that needs the mmap lock.
 */
static void unlink_from_guests(struct mm_struct *mm, struct segment *segment)
{
	pgste_t *pgste = table_pgste(segment->old);
	pte_t *ptep = (pte_t *)segment->old;
	unsigned long addr = segment->addr;
	spinlock_t *ptl = pte_lockptr(mm, segment->pmdp);
	int i;

	spin_lock(ptl);
	for (i = 0; i < PTRS_PER_PTE; i++, addr += PAGE_SIZE) {
		if (pgste_val(READ_ONCE(pgste[i])) & (PGSTE_IN_BIT | PGSTE_VSIE_BIT))
			ptep_xchg_direct(mm, addr, ptep + i, ptep[i]);
	}
	spin_unlock(ptl);
	gmap_unlink(mm, segment->old, segment->addr);
}

static void take_out(struct mm_struct *mm, struct segment *segment)
{
	spinlock_t *ptl;

	if (table_was_retracted(mm, segment->pmdp, segment->old)) {
		/* The new one is freed in its place. */
		segment->old = segment->new;
		segment->new = NULL;
		return;
	}
	if (table_kind(segment->old) == PGTABLE_PGSTE)
		unlink_from_guests(mm, segment);
	ptl = pmd_lock(mm, segment->pmdp);
	pmdp_xchg_direct(mm, segment->addr, segment->pmdp, __pmd(_SEGMENT_ENTRY_EMPTY));
	spin_unlock(ptl);
}

static noinline bool mapped_by_number(struct mm_struct *mm, const struct segment *segment,
				      const pte_t *ptep)
{
	unsigned long addr = segment->addr + (ptep - (pte_t *)segment->new) * PAGE_SIZE;
	struct vm_area_struct *vma = vma_lookup(mm, addr);

	return vma && vma->vm_flags & VM_PFNMAP;
}

/*
 * Make of a PTE without PGSTE, which no guest has used, what it would be with one: the
 * PTE and PGSTE that set_pte_at() would have stored, and the storage key that enabling
 * keys would have left.
 */
static void adopt_pte(struct mm_struct *mm, const struct segment *segment, pte_t *ptep,
		      pgste_t *pgste)
{
	unsigned long pte = pte_val(*ptep);

	if (mm_uses_skeys(mm))
		pgste_val(*pgste) |= PGSTE_GR_BIT | PGSTE_GC_BIT;
	if (!pte_present(__pte(pte)))
		return;
	/*
	 * A guest that sets the key of the zero page would set it for everybody, so
	 * its entries are removed; not in a VM_PFNMAP VMA, which has no handler for
	 * the page fault that would follow.
	 */
	if (PGSTE_NO_ZERO_PAGES && is_zero_pfn(pte_pfn(__pte(pte))) &&
	    !(segment->pfnmap && mapped_by_number(mm, segment, ptep))) {
		*ptep = __pte(_PAGE_INVALID);
		return;
	}
	if (pte & _PAGE_INVALID || !(pte & _PAGE_WRITE))
		return;
	if (!MACHINE_HAS_ESOP) {
		pte |= _PAGE_DIRTY;
		pte &= ~_PAGE_PROTECT;
		*ptep = __pte(pte);
	}
	if (!(pte & _PAGE_PROTECT))
		pgste_val(*pgste) |= PGSTE_UC_BIT;
	if (mm_uses_skeys(mm) && pte_has_key(__pte(pte)))
		page_set_storage_key(pte & PAGE_MASK, PAGE_DEFAULT_KEY, 0);
}

static void fill(struct mm_struct *mm, struct segment *segment)
{
	pgste_t *pgste = table_pgste(segment->new);
	pte_t *ptep = (pte_t *)segment->new;
	int i;

	memcpy(segment->new, segment->old, PTRS_PER_PTE * sizeof(pte_t));
	if (table_kind(segment->new) == PGTABLE_2K)
		return;
	if (table_kind(segment->old) == PGTABLE_PGSTE) {
		memcpy(pgste, table_pgste(segment->old), PTRS_PER_PTE * sizeof(pgste_t));
		if (PagePgsteIdle(virt_to_page(segment->old)) &&
		    !PagePgsteIdle(virt_to_page(segment->new)))
			__SetPagePgsteIdle(virt_to_page(segment->new));
		if (PagePgsteLinked(virt_to_page(segment->old)))
			__SetPagePgsteLinked(virt_to_page(segment->new));
		return;
	}
	for (i = 0; i < PTRS_PER_PTE; i++)
		adopt_pte(mm, segment, ptep + i, pgste + i);
}

static void put_in(struct mm_struct *mm, struct segment *segment)
{
	spinlock_t *ptl;

	/* Write the table before the entry that makes it reachable. */
	smp_wmb();
	ptl = pmd_lock(mm, segment->pmdp);
	pmd_populate(mm, segment->pmdp, (pgtable_t)segment->new);
	spin_unlock(ptl);
}

/* Nobody can reach the table any more. Its entries are in the new one. */
static void free_old(struct mm_struct *mm, unsigned long *table)
{
	memset64((u64 *)table, _PAGE_INVALID, PTRS_PER_PTE);
	page_table_free(mm, table);
}

static void commit(struct mm_struct *mm, struct batch *batch)
{
	struct segment *end = batch->segments + batch->nr, *segment;
	int nr = 0;

	for (segment = batch->segments; segment < end; segment++)
		take_out(mm, segment);
	/* Waits for gup-fast on every CPU. */
	tlb_remove_table_sync_one();
	for (segment = batch->segments; segment < end; segment++) {
		if (!segment->new)
			continue;
		fill(mm, segment);
		put_in(mm, segment);
		nr++;
	}
	atomic_long_add(nr, &replaced[batch->what]);
}

/* Replace up to a batch of tables; batch->next says where to go on. */
static int replace_batch(struct mm_struct *mm, struct batch *batch, unsigned long end)
{
	int rc, i;

	/*
	 * A new VM needs the PGSTEs that demotion would remove. And if only demotion
	 * still holds the address space of a process that has exited, let it be freed.
	 */
	if (batch->what == PGTABLE_DEMOTE &&
	    (mm_alloc_pgste(mm) || (mm != current->mm && atomic_read(&mm->mm_users) == 1)))
		return -EBUSY;

	rc = collect(mm, batch, end);
	/* If memory ran out, the segments collected before are replaced, then it fails. */
	if (batch->nr) {
		lock_rmap(mm, batch);
		commit(mm, batch);
		unlock_rmap(mm, batch);
	}
	for (i = 0; i < batch->nr; i++)
		free_old(mm, batch->segments[i].old);
	return rc;
}

/**
 * pgtable_replace_range - replace the page tables of a range of a process
 * @mm: the address space
 * @start: first address of the range
 * @end: address after the range
 * @what: which tables, and by what
 *
 * Tables that need not be replaced, segments without a table and 1 MiB pages are
 * left alone. Promotion splits transparent huge pages. Demotion leaves tables that
 * carry storage keys. A table is replaced whole or not at all; if the call fails,
 * some of the tables may have been replaced.
 *
 * Context: may sleep. The caller holds a reference to the users of @mm and no
 * mmap lock; the lock is taken for a batch at a time (PGTABLE_REPLACE_BATCH).
 * Return: 0, -ENOMEM, -EINTR for a fatal signal. From demotion also 1 if tables were
 * left because of their keys; -EBUSY if the process makes tables with PGSTEs again,
 * or has exited.
 */
int pgtable_replace_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			  enum pgtable_replace what)
{
	struct mem_cgroup *before;
	struct batch *batch;
	int rc = 0;

	batch = kmalloc(sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	batch->what = what;
	batch->keys_left = false;
	batch->next = start & PMD_MASK;
	end = min(end, mm->context.asce_limit);
	before = pgtable_charge(mm);
	/* The kind of new tables has changed, for faults that begin from now on. */
	if (what == PGTABLE_DEMOTE)
		rc = mm_end_faults(mm);
	while (!rc && batch->next < end) {
		rc = mmap_write_lock_killable(mm);
		if (rc)
			break;
		rc = replace_batch(mm, batch, end);
		mmap_write_unlock(mm);
		cond_resched();
	}
	pgtable_charge_end(before);
	if (!rc && batch->keys_left)
		rc = 1;
	kfree(batch);
	return rc;
}
