// SPDX-License-Identifier: GPL-2.0
/*
 * Allocation and freeing of page tables of both kinds: 2 KiB tables, two to a
 * page, and tables with PGSTEs, a page each. Whatever happens to a table later
 * depends on the kind of its page, never on a flag of its mm (rule R3 of
 * docs/pgste.md).
 *
 * A page of 2 KiB tables keeps the state of its halves in the top byte of its
 * _refcount, whose lower bits others may change at any time (a pfn walker can
 * take a reference to any page):
 *
 *	bit 24, 25	lower, upper half in use
 *	bit 28, 29	lower, upper half freed, waiting for its grace period
 *
 * A half is in at most one of the two states. While exactly one half is in use
 * the page is on mm->context.pgtable_list, where the next allocation looks.
 *
 * Locking: mm->context.lock protects the list and the in-use bits, so that they
 * always agree. Nobody takes it in an interrupt or a softirq; a page table may be
 * allocated before interrupts are enabled for the first time (vmalloc), and
 * spin_unlock_bh() is not for then. The waiting bits are cleared without the lock,
 * after the grace period, when the mm may be gone. Whoever clears the last of the
 * four bits frees the page: fetch-and-xor returns the old value, and only one
 * caller can see no bit but its own in it.
 */

#include <linux/mm.h>
#include <linux/mmdebug.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <asm/mmu_context.h>
#include <asm/pgalloc.h>
#include <asm/gmap.h>
#include <asm/tlb.h>
#include "linux.h"

DEFINE_STATIC_KEY_FALSE(pgste_in_use);
EXPORT_SYMBOL_GPL(pgste_in_use);
DEFINE_STATIC_KEY_FALSE(pgste_protected);
EXPORT_SYMBOL_GPL(pgste_protected);

#define HALF_LOWER		0
#define HALF_UPPER		1
#define HALVES_SHIFT		24
#define HALF_USED(half)		(1U << (HALVES_SHIFT + (half)))
#define HALF_WAITING(half)	(1U << (HALVES_SHIFT + 4 + (half)))
#define HALF_ANY(half)		(HALF_USED(half) | HALF_WAITING(half))
#define HALVES_MASK		(HALF_ANY(HALF_LOWER) | HALF_ANY(HALF_UPPER))

/* Set in the address given to tlb_remove_table() if it is a page table. */
#define TLB_PAGE_TABLE		1UL

static DEFINE_PER_CPU(long, pgtable_page_count[2]);

/**
 * pgtable_pages - page-table pages of a kind on the whole machine
 * @kind: the kind to count
 *
 * Includes the shadow page tables of nested guests. The sum is not a snapshot:
 * pages that are allocated or freed meanwhile may be missed.
 */
unsigned long pgtable_pages(enum pgtable_kind kind)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(pgtable_page_count[kind], cpu);
	return max(sum, 0L);
}

/**
 * pgtable_halves_in_use - how many tables share this page
 * @page: a page-table page
 *
 * Return: 1 or 2 for a page of 2 KiB tables in use; a table with PGSTEs is one.
 */
unsigned int pgtable_halves_in_use(const struct page *page)
{
	unsigned int state = atomic_read(&page->_refcount);

	if (pgtable_page_kind(page) == PGTABLE_PGSTE)
		return 1;
	return !!(state & HALF_USED(HALF_LOWER)) + !!(state & HALF_USED(HALF_UPPER));
}

static void *half_address(struct page *page, int half)
{
	return page_to_virt(page) + half * (PAGE_SIZE / 2);
}

static int half_of(const void *table)
{
	return (unsigned long)table & (PAGE_SIZE / 2) ? HALF_UPPER : HALF_LOWER;
}

/*
 * The allocator clears what it hands out. An entry left in a freed table is all the
 * same a mistake of whoever freed it: a page that its counts still say is mapped.
 */
static void check_half_empty(const void *table)
{
	const u64 *entry = table;
	int i;

	if (!IS_ENABLED(CONFIG_DEBUG_VM))
		return;
	for (i = 0; i < PTRS_PER_PTE; i++) {
		if (WARN_ONCE(entry[i] != _PAGE_INVALID,
			      "page table %px freed with entry %d = %016llx\n",
			      table, i, entry[i]))
			return;
	}
}

/* @process: for tables of a process, not for the shadow tables of a nested guest. */
static struct page *pgtable_page_alloc(struct mm_struct *mm, enum pgtable_kind kind, bool process)
{
	struct page *page = pgtable_page_get(mm, process);

	if (!page)
		return NULL;
	if (kind == PGTABLE_PGSTE)
		__SetPagePgste(page);
	this_cpu_inc(pgtable_page_count[kind]);
	return page;
}

static void pgtable_page_free(struct page *page, bool process)
{
	enum pgtable_kind kind = pgtable_page_kind(page);

	this_cpu_dec(pgtable_page_count[kind]);
	if (kind == PGTABLE_PGSTE) {
		if (PagePgsteIdle(page))
			__ClearPagePgsteIdle(page);
		if (PagePgsteLinked(page))
			__ClearPagePgsteLinked(page);
		__ClearPagePgste(page);
	}
	pgtable_page_put(page, process);
}

/* A page with accounting and page table lock, for tables of a process. */
static struct page *pte_page_alloc(struct mm_struct *mm, enum pgtable_kind kind)
{
	return pgtable_page_alloc(mm, kind, true);
}

static void pte_page_free(struct page *page)
{
	pgtable_page_free(page, true);
}

static void pgste_table_init(struct page *page)
{
	u64 *table = page_to_virt(page);

	memset64(table, _PAGE_INVALID, PTRS_PER_PTE);
	memset64(table + PTRS_PER_PTE, 0, PTRS_PER_PTE);
}

/* Take the free half of a page whose other half is in use, if there is such a page. */
static void *half_alloc_listed(struct mm_struct *mm)
{
	void *table = NULL;
	struct page *page;
	unsigned int state;
	int half;

	spin_lock(&mm->context.lock);
	page = list_first_entry_or_null(&mm->context.pgtable_list, struct page, lru);
	if (page) {
		state = atomic_read(&page->_refcount);
		half = state & HALF_USED(HALF_UPPER) ? HALF_LOWER : HALF_UPPER;
		/* The half may still wait for its grace period: then it is not free. */
		if (!(state & HALF_ANY(half))) {
			atomic_xor(HALF_USED(half), &page->_refcount);
			list_del(&page->lru);
			table = half_address(page, half);
		}
	}
	spin_unlock(&mm->context.lock);
	return table;
}

/*
 * The upper half is handed out first: for an entry there the address alone says
 * that it has no PGSTE.
 */
static void *half_alloc_new(struct mm_struct *mm)
{
	struct page *page = pte_page_alloc(mm, PGTABLE_2K);

	if (!page)
		return NULL;
	atomic_xor(HALF_USED(HALF_UPPER), &page->_refcount);
	spin_lock(&mm->context.lock);
	list_add(&page->lru, &mm->context.pgtable_list);
	spin_unlock(&mm->context.lock);
	return half_address(page, HALF_UPPER);
}

/*
 * Change a half from in use to waiting, in one atomic step. From now on the mm does
 * not know it. If it has to wait for a grace period (@delayed), its page goes to the
 * end of the list, since the next allocation cannot use it.
 */
static void half_retire(struct mm_struct *mm, void *table, bool delayed)
{
	struct page *page = virt_to_page(table);
	int half = half_of(table);
	unsigned int old;

	check_half_empty(table);
	spin_lock(&mm->context.lock);
	old = atomic_fetch_xor(HALF_ANY(half), &page->_refcount);
	VM_WARN_ON_ONCE((old & HALF_ANY(half)) != HALF_USED(half));
	if (!(old & HALF_USED(!half)))
		list_del(&page->lru);
	else if (delayed)
		list_add_tail(&page->lru, &mm->context.pgtable_list);
	else
		list_add(&page->lru, &mm->context.pgtable_list);
	spin_unlock(&mm->context.lock);
}

/* The grace period of a half is over. Its mm may be gone. */
static void half_release(void *table)
{
	struct page *page = virt_to_page(table);
	int half = half_of(table);
	unsigned int old;

	old = atomic_fetch_xor(HALF_WAITING(half), &page->_refcount);
	VM_WARN_ON_ONCE((old & HALF_ANY(half)) != HALF_WAITING(half));
	if ((old & HALVES_MASK) == HALF_WAITING(half))
		pte_page_free(page);
}

/**
 * page_table_alloc_kind - allocate a page table
 * @mm: the address space
 * @kind: its kind
 *
 * Context: may sleep.
 * Return: 256 invalid PTEs (and 256 PGSTEs of zero after them), or NULL.
 */
unsigned long *page_table_alloc_kind(struct mm_struct *mm, enum pgtable_kind kind)
{
	struct page *page;
	void *table;

	if (unlikely(kind == PGTABLE_PGSTE)) {
		page = pte_page_alloc(mm, PGTABLE_PGSTE);
		if (!page)
			return NULL;
		pgste_table_init(page);
		if (mm_pgste_mode(mm) == MM_PGSTE_NONE)
			__SetPagePgsteIdle(page);
		return page_to_virt(page);
	}
	table = half_alloc_listed(mm) ?: half_alloc_new(mm);
	/*
	 * Each half is emptied here, when it is handed out, and not both when their
	 * page is new. What the half was before, and whether all users of freed tables
	 * have cleared them, does not matter then.
	 */
	if (table)
		memset64(table, _PAGE_INVALID, PTRS_PER_PTE);
	return table;
}

/**
 * page_table_alloc - allocate a page table of the kind that the mm uses now
 * @mm: the address space
 *
 * Context: may sleep. For a user mm the mmap lock is held, or nobody else
 * knows the mm: mm->context.alloc_pgste does not change meanwhile.
 * Return: see page_table_alloc_kind().
 */
unsigned long *page_table_alloc(struct mm_struct *mm)
{
	return page_table_alloc_kind(mm, mm_alloc_pgste(mm) ? PGTABLE_PGSTE : PGTABLE_2K);
}

/**
 * page_table_free - free a page table that nobody can be walking
 * @mm: the address space it was allocated for
 * @table: the table, without entries, and not linked into a gmap
 */
void page_table_free(struct mm_struct *mm, unsigned long *table)
{
	struct page *page = virt_to_page(table);

	if (pgtable_page_kind(page) == PGTABLE_PGSTE) {
		pte_page_free(page);
		return;
	}
	half_retire(mm, table, false);
	half_release(table);
}

/**
 * page_table_free_rcu - free a page table after a grace period
 * @tlb: the operation that unmaps it
 * @table: the table, without entries
 * @vmaddr: the address it mapped, for unlinking it from gmaps
 *
 * Context: mmap lock held, for writing unless the process is exiting.
 */
void page_table_free_rcu(struct mmu_gather *tlb, unsigned long *table,
			 unsigned long vmaddr)
{
	if (pgtable_page_kind(virt_to_page(table)) == PGTABLE_PGSTE)
		gmap_unlink(tlb->mm, table, vmaddr);
	else
		half_retire(tlb->mm, table, true);
	tlb_remove_table(tlb, (void *)((unsigned long)table | TLB_PAGE_TABLE));
}

/**
 * __tlb_remove_table - the grace period of a table is over
 * @_table: what was given to tlb_remove_table(): a region or segment table, or
 *          a page table marked by TLB_PAGE_TABLE
 */
void __tlb_remove_table(void *_table)
{
	void *table = (void *)((unsigned long)_table & ~TLB_PAGE_TABLE);

	if (table == _table)
		crst_table_put(table);
	else if (pgtable_page_kind(virt_to_page(table)) == PGTABLE_PGSTE)
		pte_page_free(virt_to_page(table));
	else
		half_release(table);
}

#ifdef pte_free_defer
struct deferred_table {
	struct rcu_head rcu;
	void *table;
};

static void free_deferred(struct rcu_head *rcu)
{
	struct deferred_table *deferred = container_of(rcu, struct deferred_table, rcu);
	void *table = deferred->table;

	kfree(deferred);
	__tlb_remove_table((void *)((unsigned long)table | TLB_PAGE_TABLE));
}

/**
 * pte_free_defer - free a page table that others may still read
 * @mm: the address space it was allocated for
 * @table: the table, without entries, and not linked into a gmap
 *
 * Who has found it before it was taken out may read it until the grace period of RCU is
 * over: it stays as it is and is not used again. The rcu_head cannot be in the struct page,
 * where the other half may need it at the same time, and the page is perhaps on the list.
 *
 * Context: may sleep, for the grace period, if there is no memory for the rcu_head.
 */
void pte_free_defer(struct mm_struct *mm, pgtable_t table)
{
	struct deferred_table *deferred = kmalloc(sizeof(*deferred), GFP_NOWAIT | __GFP_NOWARN);

	if (pgtable_page_kind(virt_to_page(table)) == PGTABLE_2K)
		half_retire(mm, table, true);
	if (!deferred) {
		synchronize_rcu();
		__tlb_remove_table((void *)((unsigned long)table | TLB_PAGE_TABLE));
		return;
	}
	deferred->table = table;
	call_rcu(&deferred->rcu, free_deferred);
}
#endif

/**
 * page_table_alloc_pgste - allocate a shadow page table for a nested guest
 * @mm: the address space of the outermost guest
 *
 * It is not a table of the process: it has no page table lock and is not accounted.
 * It always has PGSTEs, whatever the tables of @mm are (rule R2 of docs/pgste.md).
 */
struct pgtable_desc *page_table_alloc_pgste(struct mm_struct *mm)
{
	struct page *page = pgtable_page_alloc(mm, PGTABLE_PGSTE, false);

	if (!page)
		return NULL;
	pgste_table_init(page);
	return page_pgtable_desc(page);
}

/**
 * page_table_free_pgste - free what page_table_alloc_pgste() returned
 * @desc: the page of the shadow table
 */
void page_table_free_pgste(struct pgtable_desc *desc)
{
	VM_WARN_ON_ONCE(pgtable_page_kind(pgtable_desc_page(desc)) != PGTABLE_PGSTE);
	pgtable_page_free(pgtable_desc_page(desc), false);
}
