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
 * @MM_PGSTE_NONE:  no VM was ever created here: PGSTEs, if any, are not in use
 * @MM_PGSTE_ALL:   every table has PGSTEs, since exec
 * @MM_PGSTE_MIXED: tables made before the first VM are 2K, later ones have
 *                  PGSTEs: ask the table
 *
 * One byte in mm_context_t, so that a reverse-map walker, which holds the page
 * table lock but not the mmap lock, sees either the old or the new answer and
 * nothing between. Only ever leaves MM_PGSTE_NONE, with the mmap lock held for
 * writing.
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

#ifdef MODULE
#define table_to_page(table)	virt_to_page(table)
#else
/* In the kernel's own image vmemmap need not be looked up in the GOT. */
extern struct page *const table_vmemmap __asm__("vmemmap") __attribute__((visibility("hidden")));

/*
 * In steps: as one address it would take two registers, and where there are four
 * arguments GCC would spill one for that.
 */
static __always_inline const struct page *table_to_page(const void *table)
{
	const struct page *page = table_vmemmap;

	OPTIMIZER_HIDE_VAR(page);
	page += __pa(table) >> PAGE_SHIFT;
	OPTIMIZER_HIDE_VAR(page);
	return page;
}
#endif

/**
 * pgtable_kind - what kind of table an entry belongs to
 * @ptep: an entry of any page table in use
 *
 * The PTEs of a table with PGSTEs are in the lower half of their page, so an
 * entry in the upper half answers by its address, without a memory access.
 *
 * Context: the table must not go away: page table lock, or mmap lock.
 */
static __always_inline enum pgtable_kind pgtable_kind(const pte_t *ptep)
{
	if ((unsigned long)ptep & (PAGE_SIZE / 2))
		return PGTABLE_2K;
	return pgtable_page_kind(table_to_page(ptep));
}

#ifdef CONFIG_PGMIX_TEST_NAIVE
#include <asm/pgste_naive.h>
#else

/*
 * Not READ_ONCE(): the byte is to be compared where it is. Those who read it
 * twice decide under the page table lock, under which no table changes its kind.
 */
static __always_inline enum mm_pgste_mode mm_pgste_mode(const struct mm_struct *mm)
{
	if (!static_branch_unlikely(&pgste_in_use))
		return MM_PGSTE_NONE;
	return data_race(mm->context.pgste_mode);
}

/**
 * mm_has_pgste - has this mm a guest, and so at least one kind of PGSTE table?
 * @mm: the address space
 */
static __always_inline int mm_has_pgste(struct mm_struct *mm)
{
	return mm_pgste_mode(mm) != MM_PGSTE_NONE;
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
	enum mm_pgste_mode mode = mm_pgste_mode(mm);

	if (likely(mode == MM_PGSTE_NONE))
		return false;
	return mode == MM_PGSTE_ALL || pgtable_kind(ptep) == PGTABLE_PGSTE;
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
	       READ_ONCE(mm->context.pgste_mode) != MM_PGSTE_MIXED;
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
