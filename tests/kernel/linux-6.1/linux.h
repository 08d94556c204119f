/* SPDX-License-Identifier: GPL-2.0 */
/* What the files beside this one need of Linux 6.1 and what other versions have in another form. */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/pagewalk.h>
#include <linux/swap.h>
#include <internal.h>

static inline void never_writable(struct vm_area_struct *vma)
{
	vma->vm_flags &= ~VM_MAYWRITE;
}

/* With a reference; NULL if there is none. Context: mmap lock held. */
static inline struct page *page_at(struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page = follow_page(vma, addr, FOLL_GET);

	return IS_ERR(page) ? NULL : page;
}

static inline bool take_off_lru(struct page *page)
{
	if (isolate_lru_page(page))
		return false;
	inc_node_page_state(page, NR_ISOLATED_ANON + page_is_file_lru(page));
	return true;
}

static inline struct page *new_frame(struct page *page, unsigned long private)
{
	return alloc_page(GFP_HIGHUSER_MOVABLE);
}

/* In nr_page_table_pages: the first of its four pages. */
#define SEGMENT_TABLE_COUNTS	1

/* Context: mmap lock of init_mm held for writing. */
static inline void walk_kernel_tables(unsigned long start, unsigned long end,
				      const struct mm_walk_ops *ops, void *private)
{
	walk_page_range_novma(&init_mm, start, end, ops, NULL, private);
}
