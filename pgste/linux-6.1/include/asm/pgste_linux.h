/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What <asm/pgste.h> and <asm/ptep.h> need of Linux 6.1 and what other versions have
 * in another form. Each version that this code fits has such a file.
 */
#ifndef _ASM_S390_PGSTE_LINUX_H
#define _ASM_S390_PGSTE_LINUX_H

#include <linux/page-flags.h>

/*
 * Flags of a page-table page, see <asm/pgste.h>. They are page types, beside PG_table: a
 * type is a bit that is 0 if the page has it.
 */
#define PG_pgste	0x00000800
PAGE_TYPE_OPS(Pgste, pgste)
#define PG_pgste_idle	0x00001000
PAGE_TYPE_OPS(PgsteIdle, pgste_idle)
#define PG_pgste_linked	0x00002000
PAGE_TYPE_OPS(PgsteLinked, pgste_linked)

/* PagePgste() without a test for other types: one instruction. */
#define page_flag_pgste(page)	(!((page)->page_type & PG_pgste))

/* What __s390_convert_from_secure() and its like are called for a page of a process. */
#define uv_export_pte(pte)	uv_convert_owned_from_secure(pte_val(pte) & PAGE_MASK)
#define uv_destroy_page_of(pte)	uv_destroy_owned_page(pte_val(pte) & PAGE_MASK)

/* A store is one of one entry. */
#define set_pte_at(mm, addr, ptep, pte)		set_ptes(mm, addr, ptep, pte, 1)

/*
 * A process with a VM maps no zero page where a guest can be: a guest that sets the key of
 * one page would set that of all.
 */
#define PGSTE_NO_ZERO_PAGES	true

/* What mremap() calls. */
#define move_pte(pte, prot, from, to)		pte_moved(pte, to)

#endif
