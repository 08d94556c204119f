/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replacing the page tables of a live process: a populated segment table entry
 * gets a new page-table page, of the same or of the other kind, with the contents
 * of the old one. There are three uses: promote (2K to PGSTE, so that memory can
 * become guest memory), demote (PGSTE to 2K, when the last VM is gone) and
 * relocate (the same kind in another page, to free the old page).
 */
#ifndef _ASM_S390_PGTABLE_REPLACE_H
#define _ASM_S390_PGTABLE_REPLACE_H

#include <linux/mm_types.h>
#include <asm/pgste.h>

#ifdef CONFIG_PGSTE_MIXED

/**
 * enum pgtable_replace - what is to be done to the tables of a range
 * @PGTABLE_PROMOTE:  give 2K tables PGSTEs
 * @PGTABLE_DEMOTE:   take the PGSTEs away
 * @PGTABLE_RELOCATE: move each table to another page, kind and contents kept
 */
enum pgtable_replace {
	PGTABLE_PROMOTE,
	PGTABLE_DEMOTE,
	PGTABLE_RELOCATE,
};

/*
 * Bounds of what is done before the mmap lock is released and taken again:
 * segments replaced (1 MiB of memory each), VMAs that reach into them, and
 * segment entries, or gaps between them, looked at. docs/bench.md has what a
 * batch costs.
 */
#define PGTABLE_REPLACE_BATCH	32
#define PGTABLE_REPLACE_VMAS	512
#define PGTABLE_REPLACE_LOOKS	1024

int pgtable_replace_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			  enum pgtable_replace what);
unsigned long pgtable_replaced(enum pgtable_replace what);

/* rmap_locks.cocci */
void mm_lock_rmap(struct mm_struct *mm, struct vm_area_struct **vmas, int nr);
void mm_unlock_rmap(struct mm_struct *mm, struct vm_area_struct **vmas, int nr);

#endif
#endif
