// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in for the kernel (see include/standin.h): a pool of pages that
 * insists on what a page must be when it goes back, a queue for tables whose
 * grace period a test ends, and failures on demand.
 */

#include <sched.h>
#include <string.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, size)
#define ASAN_UNPOISON_MEMORY_REGION(addr, size)
#endif
#include <standin.h>

#define NO_TYPE		~0U
/* The bits of _refcount that belong to the allocator under test. */
#define HALVES		0xff000000U

__thread int this_cpu;
__thread struct unlink_call unlinked;
struct free_pages_call freed_pages;

__thread unsigned int locks_held;

/* --- warnings --- */

static unsigned int warnings;
static const char *last_warning = "none";

void standin_warn(const char *what)
{
	__atomic_store_n(&last_warning, what, __ATOMIC_RELAXED);
	__atomic_fetch_add(&warnings, 1, __ATOMIC_RELAXED);
}

const char *warning(void)
{
	return __atomic_load_n(&last_warning, __ATOMIC_RELAXED);
}

unsigned int warnings_taken(void)
{
	return __atomic_exchange_n(&warnings, 0, __ATOMIC_RELAXED);
}

/* --- failures on demand --- */

static __thread unsigned int faults, fault_countdown;

void fault_at(unsigned int mask, unsigned int nth)
{
	faults = nth ? mask : 0;
	fault_countdown = nth;
}

bool fault_happened(void)
{
	bool happened = faults && !fault_countdown;

	faults = 0;
	return happened;
}

bool fault_due(enum fault fault)
{
	return fault & faults && fault_countdown && !--fault_countdown;
}

void may_sleep(const char *who)
{
	must(!locks_held, "%s with a spinlock held", who);
}

/* --- locks and lists --- */

__thread bool unsettled;

void spin_lock(spinlock_t *lock)
{
	static __thread unsigned int turn;

	if (unsettled && ++turn % 4 == 0)
		sched_yield();
	pthread_mutex_lock(&lock->mutex);
	locks_held++;
}

void spin_unlock(spinlock_t *lock)
{
	locks_held--;
	pthread_mutex_unlock(&lock->mutex);
}

static void list_put(struct list_head *entry, struct list_head *prev, struct list_head *next)
{
	must(locks_held, "list changed without the lock");
	if (WARN_ONCE(entry->next, "added to a list twice"))
		return;
	*entry = (struct list_head){ .prev = prev, .next = next };
	prev->next = next->prev = entry;
}

void list_add(struct list_head *entry, struct list_head *list)
{
	list_put(entry, list, list->next);
}

void list_add_tail(struct list_head *entry, struct list_head *list)
{
	list_put(entry, list->prev, list);
}

void list_del(struct list_head *entry)
{
	must(locks_held, "list changed without the lock");
	if (WARN_ONCE(!entry->next, "taken from a list it is not on"))
		return;
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	*entry = (struct list_head){ NULL, NULL };
}

/* --- the pool: last freed, first reused, to meet mistakes soon; behind it the region table --- */

#define CRST_PAGES	(1 << CRST_ALLOC_ORDER)

static unsigned char pool[POOL_PAGES + CRST_PAGES][PAGE_SIZE]
	__attribute__((aligned(CRST_PAGES * PAGE_SIZE)));
static struct page pages[POOL_PAGES + 1];
static unsigned int free_nrs[POOL_PAGES], free_count, accounted;
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;

struct page *vmemmap;

static void __attribute__((constructor)) pool_init(void)
{
	vmemmap = (struct page *)((unsigned long)pages - POOL_PFN * sizeof(*pages));
	for (unsigned int nr = POOL_PAGES; nr--; ) {
		free_nrs[free_count++] = nr;
		pages[nr].page_type = NO_TYPE;
	}
	pages[POOL_PAGES].order = CRST_ALLOC_ORDER;
	ASAN_POISON_MEMORY_REGION(pool, POOL_PAGES * PAGE_SIZE);
}

struct page *pool_page(unsigned int nr)
{
	return &pages[nr];
}

unsigned int pool_nr(const struct page *page)
{
	return page - pages;
}

void *standin_crst(void)
{
	return pool[POOL_PAGES];
}

unsigned int pages_in_use(void)
{
	unsigned int count;

	pthread_mutex_lock(&pool_lock);
	count = POOL_PAGES - free_count;
	pthread_mutex_unlock(&pool_lock);
	return count;
}

unsigned int pages_accounted(void)
{
	return __atomic_load_n(&accounted, __ATOMIC_RELAXED);
}

struct page *standin_page(unsigned long addr)
{
	unsigned long nr = (addr - (unsigned long)pool) / PAGE_SIZE;

	must(nr <= POOL_PAGES, "%#lx is in no page", addr);
	return &pages[nr];
}

void *standin_va(unsigned long phys)
{
	return (void *)((unsigned long)pool - POOL_PFN * PAGE_SIZE + phys);
}

void *page_to_virt(const struct page *page)
{
	return pool[pool_nr(page)];
}

bool pfn_valid(unsigned long pfn)
{
	return pfn >= POOL_PFN && pfn < POOL_PFN + POOL_PAGES;
}

struct page *pfn_to_page(unsigned long pfn)
{
	must(pfn_valid(pfn), "frame %#lx has no struct page", pfn);
	return &pages[pfn - POOL_PFN];
}

struct page *alloc_page(gfp_t gfp)
{
	struct page *page = NULL;

	must(gfp & __GFP_DIRECT_RECLAIM, "a page table without waiting for memory");
	may_sleep("alloc_page");
	if (fault_due(FAULT_PAGE))
		return NULL;
	pthread_mutex_lock(&pool_lock);
	if (free_count)
		page = &pages[free_nrs[--free_count]];
	pthread_mutex_unlock(&pool_lock);
	must(page, "all %d pages in use", POOL_PAGES);
	must(!atomic_read(&page->_refcount), "page %u handed out with _refcount %#x",
	     pool_nr(page), atomic_read(&page->_refcount));
	must(page->page_type == NO_TYPE, "page %u handed out with type %#x",
	     pool_nr(page), page->page_type);
	page->lru = (struct list_head){ NULL, NULL };
	page->dat = false;
	page->memcg = NULL;
	ASAN_UNPOISON_MEMORY_REGION(page_to_virt(page), PAGE_SIZE);
	memset(page_to_virt(page), 0xa5, PAGE_SIZE);
	__atomic_store_n(&page->_refcount.counter, 1, __ATOMIC_RELEASE);
	return page;
}

void page_put(struct page *page)
{
	int old = __atomic_fetch_sub(&page->_refcount.counter, 1, __ATOMIC_ACQ_REL);

	must(old & ~HALVES, "page %u freed once too often", pool_nr(page));
	if (old != 1)
		return;
	ASAN_POISON_MEMORY_REGION(page_to_virt(page), PAGE_SIZE);
	pthread_mutex_lock(&pool_lock);
	free_nrs[free_count++] = pool_nr(page);
	pthread_mutex_unlock(&pool_lock);
}

bool page_get(struct page *page)
{
	int old = atomic_read(&page->_refcount);

	do {
		if (!old)
			return false;
	} while (!__atomic_compare_exchange_n(&page->_refcount.counter, &old, old + 1, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

void __free_page(struct page *page)
{
	unsigned int count = atomic_read(&page->_refcount);

	must(count, "page %u freed twice", pool_nr(page));
	must(!(count & HALVES), "page %u freed with tables: _refcount %#x", pool_nr(page), count);
	must(!page->accounted, "page %u freed with its page table lock", pool_nr(page));
	must(page->page_type == NO_TYPE, "page %u freed with type %#x",
	     pool_nr(page), page->page_type);
	must(!page->lru.next, "page %u freed on a list", pool_nr(page));
	page_put(page);
}

void free_pages(unsigned long addr, unsigned int order)
{
	freed_pages = (struct free_pages_call){ freed_pages.count + 1, addr, order };
}

bool standin_ctor(struct page *page)
{
	may_sleep("standin_ctor");
	if (fault_due(FAULT_CTOR))
		return false;
	must(!page->accounted, "page %u accounted twice", pool_nr(page));
	page->accounted = true;
	__SetPageTable(page);
	__atomic_fetch_add(&accounted, 1, __ATOMIC_RELAXED);
	return true;
}

void standin_dtor(struct page *page)
{
	must(page->accounted, "page %u was not accounted", pool_nr(page));
	page->accounted = false;
	__ClearPageTable(page);
	__atomic_fetch_sub(&accounted, 1, __ATOMIC_RELAXED);
}

/* --- grace periods, guest mappings --- */

static struct grace_period {
	void *table;
	void (*func)(void *arg);
	void *arg;
} pending[2 * POOL_PAGES];
static unsigned int pending_count;
static pthread_mutex_t pending_lock = PTHREAD_MUTEX_INITIALIZER;

unsigned int rcu_pending(void)
{
	unsigned int count;

	pthread_mutex_lock(&pending_lock);
	count = pending_count;
	pthread_mutex_unlock(&pending_lock);
	return count;
}

static struct grace_period grace_period_take(unsigned int nth)
{
	struct grace_period taken = { .table = NULL };

	pthread_mutex_lock(&pending_lock);
	if (nth < pending_count) {
		taken = pending[nth];
		pending[nth] = pending[--pending_count];
	}
	pthread_mutex_unlock(&pending_lock);
	return taken;
}

void *rcu_take(unsigned int nth)
{
	return grace_period_take(nth).table;
}

void *rcu_end(unsigned int nth)
{
	struct grace_period taken = grace_period_take(nth);

	if (taken.table)
		taken.func(taken.arg);
	return taken.table;
}

void rcu_queue(void *table, void (*func)(void *arg), void *arg)
{
	pthread_mutex_lock(&pending_lock);
	pending[pending_count++] = (struct grace_period){ table, func, arg };
	pthread_mutex_unlock(&pending_lock);
}

void tlb_remove_table(struct mmu_gather *tlb, void *table)
{
	(void)tlb;
	may_sleep("tlb_remove_table");
	if (fault_due(FAULT_BATCH)) {
		__tlb_remove_table(table);
		return;
	}
	rcu_queue(table, __tlb_remove_table, table);
}

void gmap_unlink(struct mm_struct *mm, unsigned long *table, unsigned long vmaddr)
{
	unlinked = (struct unlink_call){
		.count = unlinked.count + 1,
		.mm = mm,
		.table = table,
		.vmaddr = vmaddr,
		.pending = rcu_pending(),
	};
}
