// SPDX-License-Identifier: GPL-2.0
/*
 * Replacing page tables under load. "You are not allowed to reallocate a page
 * table while a VMA exists": unless nobody can reach it. This is who could, and
 * what keeps each away from the moment the segment entry is invalid until the
 * new table stands there:
 *
 *  - faults, munmap, mprotect, mremap, fork, mlock, madvise, userfaultfd, KVM's
 *    key, usage-state and dirty-log operations, the shadowing of nested guests:
 *    the mmap lock, held for writing;
 *  - reverse-map walkers (reclaim, migration, KSM, truncate, hole punch): the
 *    lock of the file's i_mmap and of the anon_vma, held for writing, of every
 *    mapping that reaches into the segment;
 *  - lockless walkers (gup-fast): they disable interrupts, so once every CPU
 *    has taken an interrupt none is left that saw the old segment entry;
 *  - other threads of the process, the kernel's accesses to user space: the
 *    entry is invalidated with a TLB flush, they fault and wait;
 *  - SIE: the segment is unlinked from every guest mapping with a TLB flush; a
 *    vCPU faults and waits. The notifiers armed in its PGSTEs (the prefix page,
 *    what shadow tables were built from) fire before that, while the guest
 *    mapping can still tell them the guest address;
 *  - exit: the caller holds a reference to the mm's users.
 *
 * All that can fail comes first: the new tables, the locks. docs/locking.md
 * has the long version.
 */

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/rmap.h>
#include <linux/sched/signal.h>
#include <asm/gmap.h>
#include <asm/pgalloc.h>
#include <asm/pgtable_replace.h>
#include <asm/tlb.h>

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
};

struct batch {
	enum pgtable_replace what;
	/* The one mapping all segments of the batch lie in; NULL: there are more. */
	struct vm_area_struct *vma;
	unsigned long next;
	int nr;
	struct segment segments[PGTABLE_REPLACE_BATCH];
};

static pgste_t *table_pgste(unsigned long *table)
{
	return (pgste_t *)(table + PTRS_PER_PTE);
}

static enum pgtable_kind table_kind(const void *table)
{
	return pgtable_page_kind(virt_to_page(table));
}

static bool wants_replacement(enum pgtable_replace what, enum pgtable_kind kind)
{
	switch (what) {
	case PGTABLE_PROMOTE:
		return kind == PGTABLE_2K;
	case PGTABLE_DEMOTE:
		return kind == PGTABLE_PGSTE;
	default:
		return true;
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

/* The only mapping that reaches into the segment at @addr, or NULL. */
static struct vm_area_struct *only_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, addr, addr + PMD_SIZE);

	if (!vma || vma->vm_end >= addr + PMD_SIZE)
		return vma;
	return find_vma_intersection(mm, vma->vm_end, addr + PMD_SIZE) ? NULL : vma;
}

/*
 * Collect segments, and allocate their new tables: under rmap locks that would
 * be too late, reclaim takes them.
 */
static int collect_segment(pmd_t *pmdp, unsigned long addr, unsigned long next,
			   struct mm_walk *walk)
{
	struct batch *batch = walk->private;
	struct mm_struct *mm = walk->mm;
	struct vm_area_struct *vma;
	struct segment *segment;
	enum pgtable_kind kind;
	unsigned long *old, *new;

	walk->action = ACTION_CONTINUE;
	addr &= PMD_MASK;
	/* Two mappings in one segment: the walk comes by twice. */
	if (addr < batch->next)
		return 0;
	batch->next = addr + PMD_SIZE;
	if (!pmd_present(*pmdp) || pmd_large(*pmdp))
		return 0;
	old = (unsigned long *)pmd_deref(*pmdp);
	kind = table_kind(old);
	if (!wants_replacement(batch->what, kind))
		return 0;
	vma = only_vma(mm, addr);
	if (!batch->nr) {
		batch->vma = vma;
	} else if (batch->nr == PGTABLE_REPLACE_BATCH || vma != batch->vma) {
		batch->next = addr;
		return 1;
	}
	new = page_table_alloc_kind(mm, kind_after(batch->what, kind));
	if (!new) {
		batch->next = addr;
		return -ENOMEM;
	}
	segment = &batch->segments[batch->nr++];
	segment->addr = addr;
	segment->pmdp = pmdp;
	segment->old = old;
	segment->new = new;
	return 0;
}

/* By default a walk leaves out VM_PFNMAP. */
static int collect_every_vma(unsigned long addr, unsigned long next, struct mm_walk *walk)
{
	return 0;
}

static const struct mm_walk_ops collect_ops = {
	.pmd_entry = collect_segment,
	.test_walk = collect_every_vma,
};

/*
 * One mapping: its own two locks. More: those of the whole mm, in the one
 * order that is safe among several mms, which only mm_take_all_locks() knows.
 */
static int lock_rmap(struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (!vma)
		return mm_take_all_locks(mm);
	if (vma->vm_file)
		i_mmap_lock_write(vma->vm_file->f_mapping);
	if (vma->anon_vma)
		anon_vma_lock_write(vma->anon_vma);
	return 0;
}

static void unlock_rmap(struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (!vma) {
		mm_drop_all_locks(mm);
		return;
	}
	if (vma->anon_vma)
		anon_vma_unlock_write(vma->anon_vma);
	if (vma->vm_file)
		i_mmap_unlock_write(vma->vm_file->f_mapping);
}

/*
 * Fire the notifiers of a table, by an exchange of the entry for itself, and
 * take it out of every guest mapping. They cannot be armed again: that takes
 * the mmap lock.
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

	if (table_kind(segment->old) == PGTABLE_PGSTE)
		unlink_from_guests(mm, segment);
	ptl = pmd_lock(mm, segment->pmdp);
	pmdp_xchg_direct(mm, segment->addr, segment->pmdp, __pmd(_SEGMENT_ENTRY_EMPTY));
	spin_unlock(ptl);
}

/*
 * The PTE of a process whose tables have no guest in them yet, as it has to be
 * with a PGSTE: what set_pte_at() would have stored, and the storage key that
 * enabling keys would have left.
 */
static void adopt_pte(struct mm_struct *mm, pte_t *ptep, pgste_t *pgste)
{
	unsigned long pte = pte_val(*ptep);

	if (mm_uses_skeys(mm))
		pgste_val(*pgste) |= PGSTE_GR_BIT | PGSTE_GC_BIT;
	if (!pte_present(__pte(pte)))
		return;
	/* A guest that sets the key of the zero page would set everybody's. */
	if (is_zero_pfn(pte_pfn(__pte(pte)))) {
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
		return;
	}
	for (i = 0; i < PTRS_PER_PTE; i++)
		adopt_pte(mm, ptep + i, pgste + i);
}

static void put_in(struct mm_struct *mm, struct segment *segment)
{
	spinlock_t *ptl;

	/* The contents before the entry that makes them reachable. */
	smp_wmb();
	ptl = pmd_lock(mm, segment->pmdp);
	pmd_populate(mm, segment->pmdp, (pgtable_t)segment->new);
	spin_unlock(ptl);
}

/* Nobody can see the table any more. Its entries live on in the new one. */
static void free_old(struct mm_struct *mm, unsigned long *table)
{
	memset64((u64 *)table, _PAGE_INVALID, PTRS_PER_PTE);
	page_table_free(mm, table);
}

static void commit(struct mm_struct *mm, struct batch *batch)
{
	struct segment *end = batch->segments + batch->nr, *segment;

	for (segment = batch->segments; segment < end; segment++)
		take_out(mm, segment);
	/* Waits for gup-fast on every CPU. */
	tlb_remove_table_sync_one();
	for (segment = batch->segments; segment < end; segment++) {
		fill(mm, segment);
		put_in(mm, segment);
	}
	atomic_long_add(batch->nr, &replaced[batch->what]);
}

/* Replace up to a batch of tables; batch->next tells from where to go on. */
static int replace_batch(struct mm_struct *mm, struct batch *batch, unsigned long end)
{
	bool committed = false;
	int rc, i;

	/* A new VM needs the PGSTEs that demotion is about to take away. */
	if (batch->what == PGTABLE_DEMOTE && mm_alloc_pgste(mm))
		return -EBUSY;

	batch->nr = 0;
	rc = walk_page_range(mm, batch->next, end, &collect_ops, batch);
	if (rc == 0)
		batch->next = end;
	/* What there was memory for is done, the rest is reported. */
	if (batch->nr) {
		int locked = lock_rmap(mm, batch->vma);

		if (locked) {
			rc = locked;
		} else {
			commit(mm, batch);
			unlock_rmap(mm, batch->vma);
			committed = true;
		}
	}
	for (i = 0; i < batch->nr; i++) {
		struct segment *segment = &batch->segments[i];

		if (committed)
			free_old(mm, segment->old);
		else
			page_table_free(mm, segment->new);
	}
	return min(rc, 0);
}

/**
 * pgtable_replace_range - replace the page tables of a range of a process
 * @mm: the address space
 * @start: first address of the range
 * @end: address after the range
 * @what: which tables, and by what
 *
 * Tables that need not be replaced, segments without a table and 1 MiB pages
 * are left alone. A table is replaced whole or not at all; if the call fails,
 * those before it may have been.
 *
 * Context: may sleep. The caller holds a reference to the users of @mm and no
 * mmap lock; the lock is taken for a batch at a time (PGTABLE_REPLACE_BATCH).
 * Return: 0, -ENOMEM, -EINTR for a signal: call again; -EBUSY from demotion if
 * the process makes tables with PGSTEs again.
 */
int pgtable_replace_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			  enum pgtable_replace what)
{
	struct batch *batch;
	int rc = 0;

	batch = kmalloc(sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	batch->what = what;
	batch->next = start & PMD_MASK;
	end = min(end, mm->context.asce_limit);
	while (!rc && batch->next < end) {
		rc = mmap_write_lock_killable(mm);
		if (rc)
			break;
		rc = replace_batch(mm, batch, end);
		mmap_write_unlock(mm);
		cond_resched();
	}
	kfree(batch);
	return rc;
}
