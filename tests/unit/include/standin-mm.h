/* SPDX-License-Identifier: GPL-2.0 */
/*
 * More of the kernel API, for pgste/replace.c and gmap/mode.c: an address space of
 * one region table entry, its VMAs, locks, the gmap, a work queue. Strict: what is
 * done in the wrong order, without its lock or with a lock too many ends the test.
 */
#ifndef STANDIN_MM_H
#define STANDIN_MM_H

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <standin.h>

#define core_param(name, var, type, perm)
#define __init
#define __read_mostly
#define min(a, b)		((a) < (b) ? (a) : (b))
#define container_of(ptr, type, member)	list_entry(ptr, type, member)
#define IS_ERR_VALUE(x)		((unsigned long)(x) >= (unsigned long)-4095)
#define ERESTARTNOINTR		513
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define cond_resched()		do { } while (0)
#define signal_pending(task)	false
#define fatal_signal_pending(task)	false

typedef struct { long counter; } atomic_long_t;
#define atomic_long_read(v)	__atomic_load_n(&(v)->counter, __ATOMIC_RELAXED)
#define atomic_long_add(i, v)	((void)__atomic_fetch_add(&(v)->counter, (i), __ATOMIC_RELAXED))
#define atomic_long_inc(v)	atomic_long_add(1, v)
#define atomic_inc(v)		((void)__atomic_fetch_add(&(v)->counter, 1, __ATOMIC_SEQ_CST))
#define atomic_dec_and_test(v)	(__atomic_fetch_sub(&(v)->counter, 1, __ATOMIC_SEQ_CST) == 1)
#define static_branch_enable(key)	standin_enable(key)
void standin_enable(struct static_key_false *key);

void *kmalloc(size_t size, gfp_t gfp);
void kfree(void *mem);

/* --- page tables: segments of one table, from address 0 --- */

#define SEGMENTS		256
#define PMD_SHIFT		20
#define PMD_SIZE		(1UL << PMD_SHIFT)
#define PMD_MASK		(~(PMD_SIZE - 1))
#define PAGE_MASK		(~(PAGE_SIZE - 1))

#define _PAGE_PRESENT		0x001UL
#define _PAGE_YOUNG		0x004UL
#define _PAGE_DIRTY		0x008UL
#define _PAGE_READ		0x010UL
#define _PAGE_WRITE		0x020UL
#define _PAGE_PROTECT		0x200UL
#define _SEGMENT_ENTRY_EMPTY	0x20UL
#define _SEGMENT_ENTRY_LARGE	0x400UL

typedef struct pmd { unsigned long pmd; } pmd_t;
typedef struct { pmd_t *table; } pgd_t;
typedef pgd_t p4d_t;
typedef pgd_t pud_t;
typedef unsigned long *pgtable_t;

bool standin_pmd_none(pmd_t pmd);
#define __pmd(value)		((pmd_t){ (value) })
#define pmd_val(entry)		((entry).pmd)
#define pte_pfn(pte)		(pte_val(pte) >> PAGE_SHIFT)
#define pte_present(pte)	(!!(pte_val(pte) & _PAGE_PRESENT))
#define pte_write(pte)		(!!(pte_val(pte) & _PAGE_WRITE))
#define pte_none(pte)		(pte_val(pte) == _PAGE_INVALID)
#define pte_index(addr)		(((addr) >> PAGE_SHIFT) & (PTRS_PER_PTE - 1))
#define pmd_none(pmd)		standin_pmd_none(pmd)
#define pmd_present(pmd)	(!pmd_none(pmd))
#define pmd_leaf(pmd)		(!!(pmd_val(pmd) & _SEGMENT_ENTRY_LARGE))
#define pmd_deref(pmd)		(pmd_val(pmd) & ~0x7ffUL)
#define pgd_none(pgd)		(!(pgd).table)
#define p4d_none(p4d)		pgd_none(p4d)
#define pud_none(pud)		pgd_none(pud)
#define pud_leaf(pud)		false
#define pgd_offset(mm, addr)	((pgd_t *)&(mm)->pgd)
#define p4d_offset(pgd, addr)	((p4d_t *)(pgd))
#define pud_offset(p4d, addr)	((pud_t *)(p4d))
#define pmd_offset(pud, addr)	((pud)->table + ((addr) >> PMD_SHIFT))
#define pgd_addr_end(addr, end)	(end)
#define p4d_addr_end(addr, end)	(end)
#define pud_addr_end(addr, end)	(end)
#define pmd_addr_end(addr, end)	min(((addr) + PMD_SIZE) & PMD_MASK, (end))

#define ZERO_PFN		0x777UL
#define is_zero_pfn(pfn)	((pfn) == ZERO_PFN)

typedef struct { unsigned long pgste; } pgste_t;
#define pgste_val(entry)	((entry).pgste)
#define PGSTE_GR_BIT		(1UL << 50)
#define PGSTE_GC_BIT		(1UL << 49)
#define PGSTE_IN_BIT		(1UL << 47)
#define PGSTE_VSIE_BIT		(1UL << 45)
#define PGSTE_UC_BIT		(1UL << 15)

#define _PAGE_ACC_BITS		0xf0
#define _PAGE_FP_BIT		0x08
#define PAGE_DEFAULT_KEY	0
void page_set_storage_key(unsigned long addr, unsigned char key, int mapped);
unsigned char page_get_storage_key(unsigned long addr);
#define mm_uses_skeys(mm)	((mm)->context.uses_skeys)
extern bool standin_esop;
#define MACHINE_HAS_ESOP	standin_esop

/* --- VMAs and their locks --- */

#define VM_PFNMAP		1UL
#define VM_MIXEDMAP		2UL
#define VM_HUGETLB		4UL
#define VM_UFFD_MISSING		8UL
#define is_vm_hugetlb_page(vma)	(!!((vma)->vm_flags & VM_HUGETLB))
#define userfaultfd_missing(vma)	(!!((vma)->vm_flags & VM_UFFD_MISSING))

struct address_space { int locked; };
struct anon_vma { int locked; };
struct file { struct address_space *f_mapping; };

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags;
	struct mm_struct *vm_mm;
	struct file *vm_file;
	struct anon_vma *anon_vma;
	bool faults_ended;
};

struct vma_iterator {
	struct { struct mm_struct *mm; unsigned long index; } mas;
};

#define VMA_ITERATOR(name, mm, addr)	struct vma_iterator name = { { mm, addr } }
#define mas_set(mas, addr)		((void)((mas)->index = (addr)))
struct vm_area_struct *vma_next(struct vma_iterator *vmi);
#define for_each_vma(vmi, vma)		while (((vma) = vma_next(&(vmi))))
struct vm_area_struct *vma_find(struct vma_iterator *vmi, unsigned long end);
#define for_each_vma_range(vmi, vma, end)	while (((vma) = vma_find(&(vmi), (end))))
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr);
struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr);

void i_mmap_lock_write(struct address_space *mapping);
void i_mmap_unlock_write(struct address_space *mapping);
void anon_vma_lock_write(struct anon_vma *anon_vma);
void anon_vma_unlock_write(struct anon_vma *anon_vma);

void mmap_write_lock(struct mm_struct *mm);
int mmap_write_lock_killable(struct mm_struct *mm);
void mmap_write_unlock(struct mm_struct *mm);
void mmap_read_lock(struct mm_struct *mm);
void mmap_read_unlock(struct mm_struct *mm);

#define pte_lockptr(mm, pmdp)	(&(mm)->pte_lock)
spinlock_t *pmd_lock(struct mm_struct *mm, pmd_t *pmdp);

pte_t ptep_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t pte);
pmd_t pmdp_xchg_direct(struct mm_struct *mm, unsigned long addr, pmd_t *pmdp, pmd_t pmd);
void pmd_populate(struct mm_struct *mm, pmd_t *pmdp, pgtable_t table);
void split_huge_pmd(struct vm_area_struct *vma, pmd_t *pmdp, unsigned long addr);
void tlb_remove_table_sync_one(void);

#define FAULT_FLAG_WRITE	1
#define VM_FAULT_OOM		1
int handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned int flags, void *regs);
int fixup_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int flags, bool *unlocked);

/* --- life of an mm, work --- */

bool mmget_not_zero(struct mm_struct *mm);
void mmput(struct mm_struct *mm);
void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);

struct work_struct { void (*func)(struct work_struct *); };
struct workqueue_struct { int unused; };
#define INIT_WORK(work, fn)	((void)((work)->func = (fn)))
#define WQ_UNBOUND		0
struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max);
void standin_queue(struct work_struct *work);
#define queue_work(queue, work)	standin_queue(work)
#define system_unbound_wq	NULL
#define subsys_initcall(fn)							\
	static void __attribute__((constructor)) fn##_call(void) { fn(); }

/* --- the gmap --- */

struct gmap { struct mm_struct *mm; };

struct task_struct { struct mm_struct *mm; struct { int gmap_refused; } thread; };
extern struct task_struct standin_task;
#define current			(&standin_task)

int __gmap_link(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr);
unsigned long gmap_translate(struct gmap *gmap, unsigned long gaddr);
int set_pgste_bits(struct mm_struct *mm, unsigned long addr, unsigned long bits,
		   unsigned long value);

/* For what stands in: nobody may hold a spinlock here, nor a reverse-map lock. */
void standin_may_reclaim(const char *who);

/* --- for the tests --- */

/* An mm with SEGMENTS empty segments; all VMAs and tables of it go with it. */
struct mm_struct *space_new(bool alloc_pgste);
void space_exit(struct mm_struct *mm);
/* With a file, or an anon_vma, of its own, or both. */
struct vm_area_struct *space_map(struct mm_struct *mm, unsigned long start, unsigned long end,
				 unsigned long flags, bool file, bool anon);
/* The table of a segment, made if there is none. */
u64 *space_table(struct mm_struct *mm, unsigned int segment);
void space_huge(struct mm_struct *mm, unsigned int segment);
/* The table as it is now, or NULL. */
u64 *space_table_now(struct mm_struct *mm, unsigned int segment);

/* Called each time the mmap lock is given back. */
extern void (*standin_unlocked)(struct mm_struct *mm);
/* Called each time somebody has looked at a segment entry, and the reverse-map locks are free. */
extern void (*standin_looked)(void);
/* Called when page faults under the lock of this VMA are waited for: they can do their last. */
extern void (*standin_fault_ends)(struct vm_area_struct *vma);
/* So many times the mmap lock was taken for writing. */
extern unsigned int standin_write_locks;
/* The next mmap_write_lock_killable() but so many meets a fatal signal; 0: none. */
extern unsigned int standin_kill_at;
/* The most tables that were replaced with the mmap lock held once. */
extern unsigned int standin_longest;
/* PTEs whose notifier was fired. */
extern unsigned int standin_notified;
/* __gmap_link() and set_pgste_bits() return this for a table without PGSTEs. */
extern int standin_link_refusal;
extern unsigned int standin_links, standin_refusals;
/* Run what was queued; how many there were. */
unsigned int work_run(void);

#endif /* STANDIN_MM_H */
