/* SPDX-License-Identifier: GPL-2.0 */
/* What the files beside this one need of Linux 6.12 and what other versions have in another form. */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/pagewalk.h>
#include <linux/swap.h>
#include <internal.h>

static inline void never_writable(struct vm_area_struct *vma)
{
	vm_flags_clear(vma, VM_MAYWRITE);
}

/* With a reference; NULL if there is none. Context: mmap lock held. */
static inline struct page *page_at(struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page = NULL;
	struct folio_walk walk;
	struct folio *folio;

	folio = folio_walk_start(&walk, vma, addr, 0);
	if (folio) {
		folio_get(folio);
		page = walk.page;
		folio_walk_end(&walk, vma);
	}
	return page;
}

static inline bool take_off_lru(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (!folio_isolate_lru(folio))
		return false;
	node_stat_mod_folio(folio, NR_ISOLATED_ANON + folio_is_file_lru(folio),
			    folio_nr_pages(folio));
	return true;
}

static inline struct folio *new_frame(struct folio *folio, unsigned long private)
{
	return folio_alloc(GFP_HIGHUSER_MOVABLE, 0);
}

/* In nr_page_table_pages: all its pages. */
#define SEGMENT_TABLE_COUNTS	4

/* Context: mmap lock of init_mm held for writing. */
static inline void walk_kernel_tables(unsigned long start, unsigned long end,
				      const struct mm_walk_ops *ops, void *private)
{
	walk_kernel_page_table_range(start, end, ops, NULL, private);
}
