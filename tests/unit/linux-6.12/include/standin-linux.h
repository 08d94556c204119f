/* SPDX-License-Identifier: GPL-2.0 */
/* What Linux 6.12 has of what stands in for the kernel. Included by standin.h. */
#ifndef STANDIN_LINUX_H
#define STANDIN_LINUX_H

struct mm_struct;
struct vm_area_struct;

/* The page type is a number in the top byte of page_type; without one all bits are 1. */
#define PGTY_table	0xf2U
#define NO_PAGE_TYPE	~0U

static inline bool PageTable(const struct page *page)
{
	return page->page_type >> 24 == PGTY_table;
}

static inline void __SetPageTable(struct page *page)
{
	must(page->page_type == NO_PAGE_TYPE, "page has type %#x already", page->page_type);
	page->page_type = PGTY_table << 24;
}

/* Linux lets it pass if the page has no type. */
static inline void __ClearPageTable(struct page *page)
{
	must(PageTable(page), "page of type %#x is no page table", page->page_type);
	page->page_type = NO_PAGE_TYPE;
}

#define VM_BUG_ON_PAGE(cond, page)	must(!(cond), "page type %#x", (page)->page_type)

/* A struct ptdesc is the struct page of a page of tables, under another name. */
#define ptdesc			page
#define page_ptdesc(page)	(page)
#define ptdesc_page(desc)	(desc)
#define ptdesc_to_virt(desc)	page_to_virt(desc)
#define virt_to_ptdesc(addr)	virt_to_page(addr)
#define pagetable_pte_ctor	standin_ctor
#define pagetable_pte_dtor	standin_dtor
struct page *pagetable_alloc(gfp_t gfp, unsigned int order);
void pagetable_free(struct page *desc);
void __arch_set_page_dat(void *addr, unsigned long nr);

/* What page tables are charged to; the first one is the group of whoever asks for them. */
struct mem_cgroup { unsigned int references; };
extern struct mem_cgroup standin_memcg;
struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg);
struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm);
void mem_cgroup_put(struct mem_cgroup *memcg);
extern struct mm_struct init_mm;

/* The lock of a VMA, held for writing until the mmap lock is released. */
void vma_start_write(struct vm_area_struct *vma);
#define vma_faults_ended(vma)	((vma)->faults_ended)

struct rcu_head { void (*func)(struct rcu_head *rcu); };
void call_rcu(struct rcu_head *rcu, void (*func)(struct rcu_head *rcu));
void synchronize_rcu(void);
#define pte_free_defer pte_free_defer
void pte_free_defer(struct mm_struct *mm, unsigned long *table);

#define set_pte_at(mm, addr, ptep, pte)	set_ptes(mm, addr, ptep, pte, 1)

/* --- for the tests --- */

/* Called by who waits for a grace period, before it is over. */
extern void (*standin_waits)(void);
/* As enum way has them. */
#define WAYS	3
void table_free_deferred(struct mm_struct *mm, void *table);

#endif /* STANDIN_LINUX_H */
