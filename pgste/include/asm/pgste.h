/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page-table pages of two kinds in one process: which kind a table is, and
 * the test that every operation on a PTE makes before it may use the PGSTE at
 * PTE + 2048.
 *
 * A page-table page holds either two 2 KiB tables (256 PTEs each), or one
 * table with page status table entries: 256 PTEs and, 2048 bytes further on,
 * the 256 PGSTEs that SIE uses with them. The kind is a page type of its
 * struct page: set before the table is reachable, cleared when the page is
 * freed, never changed in between (rule R3 of docs/pgste.md).
 */
#ifndef _ASM_S390_PGSTE_H
#define _ASM_S390_PGSTE_H

#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/page-flags.h>
#include <linux/jump_label.h>

#ifdef CONFIG_PGSTE_MIXED

/*
 * Flags of a page-table page, in its page_type, see there:
 * PagePgste:       it has PGSTEs.
 * PagePgsteIdle:   and nobody has maintained them, because the table was made before the
 *                  process had a VM (vm.alloc_pgste). gmap_prepare_table() takes it away
 *                  before the table is linked, with the page table lock held.
 * PagePgsteLinked: and it was linked into a gmap, see gmap_was_linked().
 */
#include <asm/pgste_linux.h>

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
 * enum mm_pgste_mode - which kinds the tables of an mm can be
 * @MM_PGSTE_NONE:  no PGSTE is in use, whatever the tables are: the process has no VM
 * @MM_PGSTE_ALL:   every table has PGSTEs, as decided at exec
 * @MM_PGSTE_MIXED: there can be tables of both kinds: look at the page type
 *
 * Written with the mmap lock held for writing. The first VM changes NONE to ALL or
 * MIXED; demotion changes MIXED to NONE when no VM and no PGSTE table is left.
 */
enum mm_pgste_mode {
	MM_PGSTE_NONE,
	MM_PGSTE_ALL,
	MM_PGSTE_MIXED,
};

/*
 * False until the first VM of the machine is created. Until then no PGSTE is
 * in use anywhere and every test below is a no-op in the instruction stream.
 * It is never switched off again: patching code is expensive, and a machine
 * that has had one VM will probably have another.
 */
DECLARE_STATIC_KEY_FALSE(pgste_in_use);

/* False if the machine cannot run protected guests; decided while booting. */
DECLARE_STATIC_KEY_FALSE(pgste_protected);

/**
 * pgtable_page_kind - what the page-table page holds
 * @page: a page-table page
 *
 * Only the flag's own bit is looked at: one instruction.
 */
static inline enum pgtable_kind pgtable_page_kind(const struct page *page)
{
	return page_flag_pgste(page) ? PGTABLE_PGSTE : PGTABLE_2K;
}

/* An entry in the upper half of its page belongs to a 2K table. */
static __always_inline bool pte_in_upper_half(const pte_t *ptep)
{
	return (unsigned long)ptep & (PAGE_SIZE / 2);
}

/**
 * pgtable_kind - what kind of table an entry belongs to
 * @ptep: an entry of any page table in use
 *
 * The PTEs of a table with PGSTEs are in the lower half of their page, so for
 * an entry in the upper half the address is enough and no memory is read.
 *
 * Context: the table must not go away: page table lock, or mmap lock.
 */
static inline enum pgtable_kind pgtable_kind(const pte_t *ptep)
{
	return pte_in_upper_half(ptep) ? PGTABLE_2K : pgtable_page_kind(virt_to_page(ptep));
}

/*
 * The mode of an mm is stored as a pointer to the array of struct pages in which
 * the kind of a table is to be looked up: NULL in mode none, PGSTE_MAP_ALL in
 * mode all, where nothing has to be looked up, and PGSTE_MAP_MIXED in mode mixed.
 * One load gives the mode and, if it is mixed, the base of the lookup. It is one
 * word, so a reverse-map walker, which holds the page table lock but not the
 * mmap lock, reads the old mode or the new one.
 *
 * The index is a table's address in the identity mapping, where all page tables are:
 * __pa() would have to ask whether the address is in the kernel's image, and where the
 * identity mapping begins.
 */
#define PGSTE_MAP_ALL		((const struct page *)1)
#define PGSTE_MAP_MIXED		((const struct page *)(vmemmap - ((unsigned long)__va(0) >> PAGE_SHIFT)))

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
				 mode == MM_PGSTE_ALL ? PGSTE_MAP_ALL : PGSTE_MAP_MIXED;

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

/* Read the map once: a second read could return NULL after the first was tested. */
static __always_inline const struct page *mm_pgste_map(const struct mm_struct *mm)
{
	if (!static_branch_unlikely(&pgste_in_use))
		return NULL;
	return READ_ONCE(mm->context.pgste_map);
}

/*
 * Hidden from the optimizer: as one address expression it would need one more
 * register, and one of the operations has none left.
 */
static __always_inline const struct page *page_in(const struct page *map, const void *table)
{
	map += (unsigned long)table >> PAGE_SHIFT;
	OPTIMIZER_HIDE_VAR(map);
	return map;
}

/**
 * mm_has_pgste - are PGSTEs in use in this mm, in some tables or in all?
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
 * Call it once per operation and keep the result: between two calls the mode of
 * the mm can change under a reverse-map walker.
 *
 * Context: page table lock of @ptep held.
 */
static __always_inline bool ptep_has_pgste(struct mm_struct *mm, const pte_t *ptep)
{
	const struct page *map = mm_pgste_map(mm);

	/* Test for mixed first: it still has to read the page, so it gets the shorter path. */
	if (map > PGSTE_MAP_ALL ? !pte_in_upper_half(ptep) &&
				  page_flag_pgste(page_in(map, ptep)) : map != NULL)
		return true;
	return false;
}

/* mm_has_pgste() in code that is reached only for tables with PGSTEs. */
#define pgste_known(mm)			true

/**
 * ptep_lacks_pgste - is this an entry of a 2K table?
 * @mm: an address space with a guest
 * @ptep: the entry
 *
 * For key and usage-state operations. They find an entry by its process address,
 * not through the gmap, so its table need not be one that the guest can use.
 *
 * Context: page table lock of @ptep held.
 */
static inline bool ptep_lacks_pgste(struct mm_struct *mm, const pte_t *ptep)
{
	return !ptep_has_pgste(mm, ptep);
}

/**
 * pte_has_key - may the storage key of the page behind a PTE be changed for a guest?
 * @pte: a valid PTE
 *
 * Only for pages that the kernel manages. The key of a frame that a driver maps
 * with VM_PFNMAP or reserves belongs to the driver. A frame without struct page is
 * mapped with the special bit only, see vm_normal_page().
 */
static __always_inline bool pte_has_key(pte_t pte)
{
	return !(pte_val(pte) & _PAGE_SPECIAL) &&
	       !PageReserved(pfn_to_page(pte_val(pte) >> PAGE_SHIFT));
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
 * True if that was decided at exec (sysctl, ELF marker). A process that makes
 * PGSTE tables only because it created a VM does not pass this on.
 */
static inline bool mm_inherits_pgste(const struct mm_struct *mm)
{
	return mm->context.alloc_pgste &&
	       mm_pgste_mode(mm) != MM_PGSTE_MIXED;
}

/* pgste/ptep.c */
void ptep_pgste_store(struct mm_struct *mm, pte_t *ptep, pte_t entry);

/**
 * set_ptes - store entries of consecutive pages
 * @mm: the address space
 * @addr: the address that the first entry maps
 * @ptep: the first entry, all are in one table
 * @entry: its new value
 * @nr: how many, at least 1
 *
 * All have a PGSTE or none: asked once, hence two loops.
 *
 * Context: page table lock held, the entries are invalid.
 */
static __always_inline void set_ptes(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
				     pte_t entry, unsigned int nr)
{
	if (ptep_has_pgste(mm, ptep)) {
		for (;;) {
			ptep_pgste_store(mm, ptep, entry);
			if (--nr == 0)
				return;
			ptep++;
			entry = __pte(pte_val(entry) + PAGE_SIZE);
		}
	}
	for (;;) {
		WRITE_ONCE(*ptep, entry);
		if (--nr == 0)
			return;
		ptep++;
		entry = __pte(pte_val(entry) + PAGE_SIZE);
	}
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
