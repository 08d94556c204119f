/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stands in for the kernel API that pgste/pgalloc.c and <asm/pgste.h> use, so
 * that both are compiled unchanged into the unit tests; more of it is in standin-mm.h,
 * and what only one series of Linux has in linux-SERIES. As little of it as they
 * need, and strict: what the real kernel would only suffer ends the test here.
 *
 * The second half is what the tests have and the kernel has not: failures on
 * demand, grace periods ended on demand, and a look at what was called.
 */
#ifndef STANDIN_H
#define STANDIN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <check.h>

/* A failed check costs a message, a passed one nothing, unlike libcheck's own. */
#define must(cond, ...) do { if (!(cond)) ck_abort_msg(__VA_ARGS__); } while (0)

/* --- configuration --- */

#define CONFIG_PGSTE_MIXED		1
#define CONFIG_DEBUG_VM			1
#define IS_ENABLED(option)		(option)

/* --- compiler, types, warnings --- */

#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#define noinline		__attribute__((noinline))
#define __maybe_unused		__attribute__((unused))
#define likely(cond)		__builtin_expect(!!(cond), 1)
#define unlikely(cond)		__builtin_expect(!!(cond), 0)
#define EXPORT_SYMBOL_GPL(symbol)
#define max(a, b)		((a) > (b) ? (a) : (b))

/* Relaxed atomics: what TSan does not see through these two is a data race. */
#define READ_ONCE(x)								\
({										\
	__typeof__((void)0, (x)) once_value;					\
	__atomic_load(&(x), &once_value, __ATOMIC_RELAXED);			\
	once_value;								\
})
#define WRITE_ONCE(x, value)							\
do {										\
	__typeof__(x) new_value = (value);					\
	__atomic_store(&(x), &new_value, __ATOMIC_RELAXED);			\
} while (0)

typedef unsigned long long u64;

void standin_warn(const char *what);

/* Every time and not once: each test counts for itself. */
#define WARN_ONCE(cond, format, ...)						\
	({ bool warned = (cond); if (warned) standin_warn(format); warned; })
#define VM_WARN_ON_ONCE(cond)	WARN_ONCE(cond, #cond)

static inline void memset64(u64 *word, u64 value, size_t count)
{
	while (count--)
		*word++ = value;
}

/* --- atomics, locks, lists, per-CPU, static keys --- */

typedef struct { int counter; } atomic_t;

static inline int atomic_read(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline void atomic_xor(int bits, atomic_t *v)
{
	__atomic_fetch_xor(&v->counter, bits, __ATOMIC_RELAXED);
}

static inline int atomic_fetch_xor(int bits, atomic_t *v)
{
	return __atomic_fetch_xor(&v->counter, bits, __ATOMIC_SEQ_CST);
}

typedef struct { pthread_mutex_t mutex; } spinlock_t;

void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

/* How many this thread has. */
extern __thread unsigned int locks_held;

struct list_head { struct list_head *next, *prev; };

/* As with CONFIG_DEBUG_LIST: a mistake is warned about and not carried out. */
void list_add(struct list_head *entry, struct list_head *list);
void list_add_tail(struct list_head *entry, struct list_head *list);
void list_del(struct list_head *entry);
#define list_empty(list)	((list)->next == (list))
#define list_entry(ptr, type, member)						\
	((type *)((char *)(ptr) - offsetof(type, member)))
#define list_first_entry_or_null(list, type, member)				\
	(list_empty(list) ? NULL : list_entry((list)->next, type, member))

#define NR_CPUS			4
#define DEFINE_PER_CPU(type, name)	__typeof__(type) name[NR_CPUS]
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < NR_CPUS; (cpu)++)
/* A long is read and written whole, by one CPU only: no lock, no ordering. */
#define per_cpu(name, cpu)	__atomic_load_n(&(name)[cpu], __ATOMIC_RELAXED)
#define this_cpu_inc(name)							\
	((void)__atomic_fetch_add(&(name)[this_cpu], 1, __ATOMIC_RELAXED))
#define this_cpu_dec(name)							\
	((void)__atomic_fetch_sub(&(name)[this_cpu], 1, __ATOMIC_RELAXED))

extern __thread int this_cpu;

struct static_key_false { bool enabled; };
#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name
#define static_branch_unlikely(key)	unlikely(READ_ONCE((key)->enabled))

/* --- pages --- */

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define __GFP_DIRECT_RECLAIM	1U
#define __GFP_ACCOUNT		2U
#define __GFP_NOWARN		4U
#define GFP_KERNEL		__GFP_DIRECT_RECLAIM
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT		0U
#define PTRS_PER_PTE		256
#define _PAGE_INVALID		0x400ULL
#define _PAGE_SPECIAL		0x080UL
#define CRST_ALLOC_ORDER	2

typedef struct { unsigned long pte; } pte_t;
#define pte_val(entry)		((entry).pte)
#define __pte(value)		((pte_t){ (value) })

typedef unsigned int gfp_t;
struct mem_cgroup;

/* page_type is all ones if the page has no type. lru is NULL if the page is on no list. */
struct page {
	unsigned int page_type;
	atomic_t _refcount;
	struct list_head lru;
	unsigned int order;
	struct mem_cgroup *memcg;
	bool dat;
	bool accounted;
	bool reserved;
};

#define OPTIMIZER_HIDE_VAR(var)	__asm__("" : "+r" (var))
#define virt_to_page(addr)	standin_page((unsigned long)(addr))
#define __va(phys)		standin_va(phys)
extern struct page *vmemmap;
void *standin_va(unsigned long phys);
struct page *standin_page(unsigned long addr);
void *page_to_virt(const struct page *page);
bool pfn_valid(unsigned long pfn);
struct page *pfn_to_page(unsigned long pfn);
#define PageReserved(page)	((page)->reserved)

struct page *alloc_page(gfp_t gfp);
void __free_page(struct page *page);
void free_pages(unsigned long addr, unsigned int order);
/* Page table lock, accounting and, where it comes with them, the page type. */
bool standin_ctor(struct page *page);
void standin_dtor(struct page *page);

/* Page types, and what page tables are allocated with. */
#include <standin-linux.h>

/* --- address spaces --- */

struct vm_area_struct;

struct mm_struct {
	struct {
		spinlock_t lock;
		struct list_head pgtable_list;
		atomic_t protected_count;
		const struct page *pgste_map;
		unsigned int alloc_pgste:1;
		/* from here on for standin-mm.h */
		unsigned int uses_skeys:1;
		unsigned int uses_cmm:1;
		unsigned int allow_gmap_hpage_1m:1;
		unsigned long asce_limit;
		atomic_t nr_vms;
		bool demoting;
	} context;
	atomic_t mm_users, mm_count;
	bool write_locked, read_locked;
	spinlock_t pmd_lock, pte_lock;
	struct { struct pmd *table; } pgd;
	struct pmd *segments;
	struct vm_area_struct **vmas;
	unsigned int vma_count;
	struct mem_cgroup *memcg;
};

struct mmu_gather { struct mm_struct *mm; };

static inline bool mm_alloc_pgste(struct mm_struct *mm)
{
	return mm->context.alloc_pgste;
}

void gmap_unlink(struct mm_struct *mm, unsigned long *table, unsigned long vmaddr);
void tlb_remove_table(struct mmu_gather *tlb, void *table);

/* The code under test, as arch/s390/include/asm declares it. */
unsigned long *page_table_alloc(struct mm_struct *mm);
void page_table_free(struct mm_struct *mm, unsigned long *table);
void page_table_free_rcu(struct mmu_gather *tlb, unsigned long *table, unsigned long vmaddr);
struct page *page_table_alloc_pgste(struct mm_struct *mm);
void page_table_free_pgste(struct page *page);
void __tlb_remove_table(void *table);

/* --- for the tests --- */

#define POOL_PAGES		4096

/* What can fail. A failed batch makes tlb_remove_table() wait instead. */
enum fault {
	FAULT_PAGE	= 1,
	FAULT_CTOR	= 2,
	FAULT_BATCH	= 4,
	FAULT_KMALLOC	= 8,
	FAULT_FAULT	= 16,
	FAULT_ANY	= 31,
};

/* The nth from now of these attempts of this thread fails; 0: none does. */
void fault_at(unsigned int faults, unsigned int nth);
/* Did it come to that? Takes the order back. */
bool fault_happened(void);
/* For what stands in: does this one fail? */
bool fault_due(enum fault fault);
/* The test ends if a spinlock is held. */
void may_sleep(const char *who);

/* Tables given to tlb_remove_table() or call_rcu() whose grace period is not over. */
unsigned int rcu_pending(void);
/* For what stands in: the table, and what is called when it is over. */
void rcu_queue(void *table, void (*func)(void *arg), void *arg);
/* Ends the grace period of the nth of them; returns what it was, NULL if there is none. */
void *rcu_end(unsigned int nth);
/* The same for one of tlb_remove_table(), for a test that will end it itself. */
void *rcu_take(unsigned int nth);

/* A pfn walker's reference: to any page, at any time. */
bool page_get(struct page *page);
void page_put(struct page *page);

/* Objects of kmalloc() not freed. */
unsigned int kmalloced(void);

/* A region or segment table, the only one there is. */
void *standin_crst(void);

/* The pool, from page 0, at frame POOL_PFN. */
#define POOL_PFN		0x400UL
struct page *pool_page(unsigned int nr);
unsigned int pool_nr(const struct page *page);
/* Pages not free; pages with accounting and page table lock. */
unsigned int pages_in_use(void);
unsigned int pages_accounted(void);

/* The last gmap_unlink() of this thread, and how often there was one. */
struct unlink_call {
	unsigned int count;
	struct mm_struct *mm;
	unsigned long *table;
	unsigned long vmaddr;
	unsigned int pending;
};
extern __thread struct unlink_call unlinked;

/* The last free_pages(), and how often there was one. */
struct free_pages_call {
	unsigned int count;
	unsigned long addr;
	unsigned int order;
};
extern struct free_pages_call freed_pages;

/* This thread lets others go first now and then when it takes a lock. */
extern __thread bool unsettled;

/* Warnings since it was last asked; the text of the last one. */
unsigned int warnings_taken(void);
const char *warning(void);

#endif /* STANDIN_H */
