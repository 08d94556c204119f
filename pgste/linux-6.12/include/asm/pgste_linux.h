/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What <asm/pgste.h> and <asm/ptep.h> need of Linux 6.12 and what other versions have
 * in another form. Each version that this code fits has such a file.
 */
#ifndef _ASM_S390_PGSTE_LINUX_H
#define _ASM_S390_PGSTE_LINUX_H

#include <linux/page-flags.h>

/*
 * Flags of a page-table page, see <asm/pgste.h>. The page type is a number in the upper
 * byte of page_type (PGTY_table); the other bits are 0 when it is set and all bits 1 when
 * it is taken away. The flags are three of them.
 */
#define PGTABLE_FLAG_OPS(uname, flag)						\
static __always_inline int Page##uname(const struct page *page)			\
{										\
	return PageTable(page) && READ_ONCE(page->page_type) & (flag);		\
}										\
static __always_inline void __SetPage##uname(struct page *page)			\
{										\
	VM_BUG_ON_PAGE(!PageTable(page), page);					\
	WRITE_ONCE(page->page_type, page->page_type | (flag));			\
}										\
static __always_inline void __ClearPage##uname(struct page *page)		\
{										\
	VM_BUG_ON_PAGE(!Page##uname(page), page);				\
	WRITE_ONCE(page->page_type, page->page_type & ~(flag));			\
}

#define PGTABLE_PGSTE_FLAG	1U
PGTABLE_FLAG_OPS(Pgste, PGTABLE_PGSTE_FLAG)
PGTABLE_FLAG_OPS(PgsteIdle, 2U)
PGTABLE_FLAG_OPS(PgsteLinked, 4U)

/* PagePgste() without a test for other types: one instruction. */
#define page_flag_pgste(page)	((page)->page_type & PGTABLE_PGSTE_FLAG)

/* A page of a protected guest that is taken away from it. */
#define uv_export_pte(pte)	uv_convert_from_secure_pte(pte)
#define uv_destroy_page_of(pte)	uv_destroy_pte(pte)

/* <linux/pgtable.h> then does not define it. */
#define set_ptes set_ptes

/* Zero pages are replaced by others when storage keys are enabled, and forbidden then. */
#define PGSTE_NO_ZERO_PAGES	false

/* What mremap() calls. */
#define move_pte(pte, from, to)			pte_moved(pte, to)

#endif
