/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What pgalloc.c and replace.c need of Linux 6.1 and what other versions have in another
 * form, or not at all. Each version that this code fits has such a file.
 */

/* --- a page of page tables, for pgalloc.c --- */

/* What page_table_alloc_pgste() returns. */
#define pgtable_desc			page
#define page_pgtable_desc(page)		(page)
#define pgtable_desc_page(desc)		(desc)

/**
 * pgtable_page_get - allocate a page for tables
 * @mm: the address space
 * @process: with page table lock and accounting, as a process has it
 */
static inline struct page *pgtable_page_get(struct mm_struct *mm, bool process)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return NULL;
	arch_set_page_dat(page, 0);
	if (process && !pgtable_pte_page_ctor(page)) {
		__free_page(page);
		return NULL;
	}
	return page;
}

/**
 * pgtable_page_put - undo pgtable_page_get()
 * @page: the page
 * @process: as it was allocated
 */
static inline void pgtable_page_put(struct page *page, bool process)
{
	if (process)
		pgtable_pte_page_dtor(page);
	__free_page(page);
}

/* A region or segment table whose grace period is over. */
static inline void crst_table_put(void *table)
{
	free_pages((unsigned long)table, CRST_ALLOC_ORDER);
}

/* --- what keeps others away from a table, for replace.c --- */

struct mem_cgroup;

/* Page tables are not charged. */
static inline struct mem_cgroup *pgtable_charge(struct mm_struct *mm)
{
	return NULL;
}

static inline void pgtable_charge_end(struct mem_cgroup *before)
{
}

/* The mmap lock keeps page faults away. */
static inline int mm_end_faults(struct mm_struct *mm)
{
	return 0;
}

static inline void segment_end_faults(struct mm_struct *mm, unsigned long addr,
				      unsigned long end)
{
}

/* khugepaged frees a table with the mmap lock held. */
static inline bool table_was_retracted(struct mm_struct *mm, pmd_t *pmdp,
				       const unsigned long *table)
{
	return false;
}
