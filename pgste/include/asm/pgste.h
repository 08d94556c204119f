/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page-table pages of two kinds in one process: which kind a table is, and
 * the one question every operation on a PTE asks before it may look for the
 * PGSTE at PTE + 2048.
 *
 * A page-table page holds either two 2 KiB tables (256 PTEs each), or one
 * table with page status table entries: 256 PTEs and, 2048 bytes further on,
 * the 256 PGSTEs that SIE uses with them. The kind is a page type of its
 * struct page: set before the table is reachable, cleared when the page is
 * freed, never changed in between (rule R3, docs/pgste.md).
 */
#ifndef _ASM_S390_PGSTE_H
#define _ASM_S390_PGSTE_H

#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/page-flags.h>
#include <linux/jump_label.h>

/* What a test kernel can leave out (tests/kernel). */
#ifdef CONFIG_PGMIX_TEST_BREAK
#include <asm/safeguard.h>
#else
#define safeguard(name)		true
#endif

/* gmap/fix-dirty-before-sie.cocci */
void ptep_adopt(struct mm_struct *mm, unsigned long addr, pte_t *ptep);

#ifdef CONFIG_PGSTE_MIXED

/**
 * enum pgtable_kind - what a page-table page holds
 * @PGTABLE_2K:    one or two tables of 256 PTEs, no PGSTEs
 * @PGTABLE_PGSTE: one table of 256 PTEs and its 256 PGSTEs
 */
enum pgtable_kind {
	PGTABLE_2K,
	PGTABLE_PGSTE,
};

/**
 * enum mm_pgste_mode - which kinds the tables of an mm with a guest can be
 * @MM_PGSTE_NONE:  there is no VM here: PGSTEs, if any, are not in use
 * @MM_PGSTE_ALL:   every table has PGSTEs, since exec
 * @MM_PGSTE_MIXED: tables made before the first VM are 2K, later ones have
 *                  PGSTEs: ask the table
 *
 * Changes with the mmap lock held for writing: from none with the first VM, from
 * mixed back to none when no VM and no table with PGSTEs is left.
 */
enum mm_pgste_mode {
	MM_PGSTE_NONE,
	MM_PGSTE_ALL,
	MM_PGSTE_MIXED,
};

/*
 * False until the first VM of the machine is created. Until then no PGSTE is
 * in use anywhere and every question below is a no-op in the instruction
 * stream. Never goes back: code patching is dear, and a machine that has had
 * one VM will have another.
 */
DECLARE_STATIC_KEY_FALSE(pgste_in_use);

/* False if the machine cannot run protected guests; decided while booting. */
DECLARE_STATIC_KEY_FALSE(pgste_protected);

/* Page type of a page-table page with PGSTEs, beside PG_table. */
#define PG_pgste	0x00000800
PAGE_TYPE_OPS(Pgste, pgste)

/*
 * Beside PG_pgste: nobody has maintained the PGSTEs, because the table was made
 * before the process had a VM (vm.alloc_pgste). gmap_prepare_table() takes it
 * away before the table is linked, with the page table lock held.
 */
#define PG_pgste_idle	0x00001000
PAGE_TYPE_OPS(PgsteIdle, pgste_idle)

/**
 * pgtable_page_kind - what the page-table page holds
 * @page: a page-table page
 *
 * Only the type's own bit is looked at: one instruction.
 */
static inline enum pgtable_kind pgtable_page_kind(const struct page *page)
{
	return page->page_type & PG_pgste ? PGTABLE_2K : PGTABLE_PGSTE;
}

/* An entry in the upper half of a page is in no table with PGSTEs. */
static __always_inline bool pte_in_upper_half(const pte_t *ptep)
{
	return (unsigned long)ptep & (PAGE_SIZE / 2);
}

/**
 * pgtable_kind - what kind of table an entry belongs to
 * @ptep: an entry of any page table in use
 *
 * The PTEs of a table with PGSTEs are in the lower half of their page, so an
 * entry in the upper half answers by its address, without a memory access.
 *
 * Context: the table must not go away: page table lock, or mmap lock.
 */
static inline enum pgtable_kind pgtable_kind(const pte_t *ptep)
{
	return pte_in_upper_half(ptep) ? PGTABLE_2K : pgtable_page_kind(virt_to_page(ptep));
}

/*
 * What an mm keeps of its mode is where to ask for the kind of a table: nowhere
 * (NULL), nowhere since all have PGSTEs, or in the struct page of the table, and
 * then it is where these are (vmemmap). So one load answers both, and a
 * reverse-map walker, which holds the page table lock but not the mmap lock,
 * sees either the old or the new answer and nothing between.
 */
#define PGSTE_MAP_ALL		((const struct page *)1)

/**
 * mm_set_pgste_mode - decide which kinds the tables of an mm can be
 * @mm: the address space
 * @mode: which kinds
 *
 * Context: mmap lock held for writing, or nobody else knows @mm.
 */
static inline void mm_set_pgste_mode(struct mm_struct *mm, enum mm_pgste_mode mode)
{
	const struct page *map = mode == MM_PGSTE_NONE ? NULL :
				 mode == MM_PGSTE_ALL ? PGSTE_MAP_ALL : vmemmap;

	WRITE_ONCE(mm->context.pgste_map, map);
}

/**
 * mm_pgste_mode - which kinds can the tables of an mm be?
 * @mm: the address space
 *
 * Context: any; the mode stays while the mmap lock is held.
 */
static inline enum mm_pgste_mode mm_pgste_mode(const struct mm_struct *mm)
{
	const struct page *map = READ_ONCE(mm->context.pgste_map);

	return !map ? MM_PGSTE_NONE : map == PGSTE_MAP_ALL ? MM_PGSTE_ALL : MM_PGSTE_MIXED;
}

#ifdef CONFIG_PGMIX_TEST_NAIVE
#include <asm/pgste_naive.h>
#else

/* Once: read again, what was compared could be gone. */
static __always_inline const struct page *mm_pgste_map(const struct mm_struct *mm)
{
	if (!static_branch_unlikely(&pgste_in_use))
		return NULL;
	return READ_ONCE(mm->context.pgste_map);
}

/* As one address it would take a register more, and one operation has none left. */
static __always_inline const struct page *page_in(const struct page *map, const void *table)
{
	map += __pa(table) >> PAGE_SHIFT;
	OPTIMIZER_HIDE_VAR(map);
	return map;
}

/**
 * mm_has_pgste - has this mm a guest, and so at least one kind of PGSTE table?
 * @mm: the address space
 */
static __always_inline int mm_has_pgste(struct mm_struct *mm)
{
	return mm_pgste_map(mm) != NULL;
}

/**
 * ptep_has_pgste - is there a PGSTE in use 2048 bytes after this entry?
 * @mm: the address space the entry belongs to
 * @ptep: the entry
 *
 * To be asked once per operation, and its answer kept: between two questions
 * the mode of the mm can change under a reverse-map walker.
 *
 * Context: page table lock of @ptep held.
 */
static __always_inline bool ptep_has_pgste(struct mm_struct *mm, const pte_t *ptep)
{
	const struct page *map = mm_pgste_map(mm);

	/* Who has to ask the table is not to be asked twice before. */
	if (map > PGSTE_MAP_ALL ? !pte_in_upper_half(ptep) &&
				  !(page_in(map, ptep)->page_type & PG_pgste) : map != NULL)
		return true;
	return false;
}

/* In code that is reached only for tables with PGSTEs. */
#define pgste_known(mm)			true

#endif /* !CONFIG_PGMIX_TEST_NAIVE */

/**
 * ptep_lacks_pgste - was a PGSTE looked for where there is none?
 * @mm: an address space with a guest
 * @ptep: the entry
 *
 * For what reaches tables by a process address, where the guest may not have
 * been: key and usage-state operations.
 *
 * Context: page table lock of @ptep held.
 */
static inline bool ptep_lacks_pgste(struct mm_struct *mm, const pte_t *ptep)
{
	return safeguard(ADMISSION) && !ptep_has_pgste(mm, ptep);
}

/**
 * pte_has_key - is the storage key of the page behind a PTE the guest's to change?
 * @pte: a valid PTE
 *
 * Only pages that the kernel manages: what a driver maps with VM_PFNMAP (the
 * special bit) or reserves has a key that is none of the guest's business.
 */
static noinline __maybe_unused bool pte_has_key(pte_t pte)
{
	unsigned long pfn = pte_val(pte) >> PAGE_SHIFT;

	if (!safeguard(MANAGED))
		return true;
	return !(pte_val(pte) & _PAGE_SPECIAL) && pfn_valid(pfn) &&
	       !PageReserved(pfn_to_page(pfn));
}

/**
 * mm_is_protected - does the mm run a protected guest?
 * @mm: the address space
 */
static __always_inline int mm_is_protected(struct mm_struct *mm)
{
	return static_branch_unlikely(&pgste_protected) &&
	       unlikely(atomic_read(&mm->context.protected_count));
}

/**
 * mm_inherits_pgste - are all tables of a child or a new program to have PGSTEs?
 * @mm: the address space of the forking or exec'ing process
 *
 * True for what was decided at exec (sysctl, ELF marker). A process that got
 * PGSTE tables late, by creating a VM, keeps them to itself.
 */
static inline bool mm_inherits_pgste(const struct mm_struct *mm)
{
	return mm->context.alloc_pgste &&
	       mm_pgste_mode(mm) != MM_PGSTE_MIXED;
}

/* pgste/ptep.c */
void ptep_pgste_store(struct mm_struct *mm, pte_t *ptep, pte_t entry);

static __always_inline void set_pte_at(struct mm_struct *mm, unsigned long addr,
				       pte_t *ptep, pte_t entry)
{
	if (ptep_has_pgste(mm, ptep))
		ptep_pgste_store(mm, ptep, entry);
	else
		WRITE_ONCE(*ptep, entry);
}

/* pgste/pgalloc.c */
unsigned long *page_table_alloc_kind(struct mm_struct *mm, enum pgtable_kind kind);
unsigned long pgtable_pages(enum pgtable_kind kind);
unsigned int pgtable_halves_in_use(const struct page *page);

#else /* !CONFIG_PGSTE_MIXED: one kind per process, as in stock Linux */

#define ptep_has_pgste(mm, ptep)	mm_has_pgste(mm)
#define ptep_lacks_pgste(mm, ptep)	false
#define pgste_known(mm)			mm_has_pgste(mm)
#define pte_has_key(pte)		true
#define mm_inherits_pgste(mm)		((mm)->context.alloc_pgste)

#endif /* CONFIG_PGSTE_MIXED */

#endif /* _ASM_S390_PGSTE_H */
