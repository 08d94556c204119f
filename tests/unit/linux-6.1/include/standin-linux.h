/* SPDX-License-Identifier: GPL-2.0 */
/* What Linux 6.1 has of what stands in for the kernel. Included by standin.h. */
#ifndef STANDIN_LINUX_H
#define STANDIN_LINUX_H

struct mm_struct;

/* A page type is a bit of page_type that is taken away. */
#define PAGE_TYPE_OPS(Type, type)						\
static inline bool Page##Type(const struct page *page)				\
{										\
	return !(page->page_type & PG_##type);					\
}										\
static inline void __SetPage##Type(struct page *page)				\
{										\
	must(!Page##Type(page), "page is " #type " already");			\
	page->page_type ^= PG_##type;						\
}										\
static inline void __ClearPage##Type(struct page *page)				\
{										\
	must(Page##Type(page), "page is not " #type);				\
	page->page_type ^= PG_##type;						\
}

#define PG_table	0x00000200
PAGE_TYPE_OPS(Table, table)

#define pgtable_pte_page_ctor	standin_ctor
#define pgtable_pte_page_dtor	standin_dtor

static inline void arch_set_page_dat(struct page *page, int order)
{
	must(!order, "order %d", order);
	page->dat = true;
}

/* The mmap lock keeps page faults away. */
#define vma_faults_ended(vma)	true

/* --- for the tests --- */

/* As enum way has them. */
#define WAYS	2

static inline void table_free_deferred(struct mm_struct *mm, void *table)
{
	must(false, "no such way to free a table");
}

#endif /* STANDIN_LINUX_H */
