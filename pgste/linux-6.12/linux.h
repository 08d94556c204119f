/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What pgalloc.c and replace.c need of Linux 6.12 and what other versions have in another
 * form, or not at all. Each version that this code fits has such a file.
 */

#include <linux/memcontrol.h>
#include <linux/page-flags.h>
#include <linux/sched/mm.h>
#include <asm/page-states.h>
#include <asm/pgtable_replace.h>

/* --- a page of page tables, for pgalloc.c --- */

/* What page_table_alloc_pgste() returns. */
#define pgtable_desc			ptdesc
#define page_pgtable_desc(page)		page_ptdesc(page)
#define pgtable_desc_page(desc)		ptdesc_page(desc)

/**
 * pgtable_page_get - allocate a page for tables
 * @mm: the address space
 * @process: with page table lock and accounting, as a process has it
 *
 * A page type it has in any case, which has room for our flags. The page is charged to
 * the cgroup of the caller, see pgtable_charge().
 */
static inline struct page *pgtable_page_get(struct mm_struct *mm, bool process)
{
	gfp_t gfp = mm == &init_mm ? GFP_KERNEL : GFP_KERNEL_ACCOUNT;
	struct ptdesc *desc = pagetable_alloc(gfp, 0);

	if (!desc)
		return NULL;
	__arch_set_page_dat(ptdesc_to_virt(desc), 1);
	if (!process) {
		__SetPageTable(ptdesc_page(desc));
	} else if (!pagetable_pte_ctor(desc)) {
		pagetable_free(desc);
		return NULL;
	}
	return ptdesc_page(desc);
}

/**
 * pgtable_page_put - undo pgtable_page_get()
 * @page: the page
 * @process: as it was allocated
 */
static inline void pgtable_page_put(struct page *page, bool process)
{
	if (process)
		pagetable_pte_dtor(page_ptdesc(page));
	else
		__ClearPageTable(page);
	pagetable_free(page_ptdesc(page));
}

/* A region or segment table whose grace period is over. */
static inline void crst_table_put(void *table)
{
	pagetable_free(virt_to_ptdesc(table));
}

/* --- what keeps others away from a table, for replace.c --- */

/**
 * pgtable_charge - charge page tables to the cgroup of a process
 * @mm: its address space
 *
 * Whoever replaces tables can be another process, or a worker.
 *
 * Return: for pgtable_charge_end().
 */
static inline struct mem_cgroup *pgtable_charge(struct mm_struct *mm)
{
	return set_active_memcg(get_mem_cgroup_from_mm(mm));
}

static inline void pgtable_charge_end(struct mem_cgroup *before)
{
	mem_cgroup_put(set_active_memcg(before));
}

/**
 * mm_end_faults - wait for all page faults that do not hold the mmap lock
 * @mm: the address space
 *
 * A fault under a VMA lock has perhaps decided which kind of table it will put into an
 * empty segment. Faults that begin from now on decide anew. This goes from VMA to VMA, with
 * the mmap lock held for PGTABLE_REPLACE_LOOKS of them at a time: who splits, moves or makes
 * a VMA meanwhile locks it, and waits for faults in it as well.
 *
 * Context: may sleep, no mmap lock held.
 * Return: 0, -EINTR for a fatal signal.
 */
static inline int mm_end_faults(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long addr = 0;
	int looks, rc;

	do {
		VMA_ITERATOR(vmi, mm, addr);

		rc = mmap_write_lock_killable(mm);
		if (rc)
			return rc;
		looks = 0;
		for_each_vma(vmi, vma) {
			vma_start_write(vma);
			addr = vma->vm_end;
			if (++looks == PGTABLE_REPLACE_LOOKS)
				break;
		}
		mmap_write_unlock(mm);
		cond_resched();
	} while (vma);
	return 0;
}

/**
 * segment_end_faults - the same for the VMAs of a segment
 * @mm: the address space
 * @addr: the beginning of the segment
 * @end: its end
 *
 * Context: mmap lock held for writing.
 */
static inline void segment_end_faults(struct mm_struct *mm, unsigned long addr,
				      unsigned long end)
{
	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, end)
		vma_start_write(vma);
}

/**
 * table_was_retracted - has a table been freed since it was found?
 * @mm: the address space
 * @pmdp: the segment entry
 * @table: the table that it pointed to
 *
 * retract_page_tables() of khugepaged needs neither the mmap lock nor a VMA lock; it holds
 * the i_mmap lock for reading. No other table can have taken the place of the one that
 * went: only a page fault would make one.
 *
 * Context: mmap lock, and reverse-map locks of the VMAs held for writing: the answer stays.
 */
static inline bool table_was_retracted(struct mm_struct *mm, pmd_t *pmdp,
				       const unsigned long *table)
{
	spinlock_t *ptl = pmd_lock(mm, pmdp);
	pmd_t pmd = *pmdp;

	spin_unlock(ptl);
	return pmd_none(pmd) || (unsigned long *)pmd_deref(pmd) != table;
}
