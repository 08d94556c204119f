// SPDX-License-Identifier: GPL-2.0
/* What stands in for the kernel, as far as only Linux 6.12 has it: include/standin-linux.h. */

#include <standin-mm.h>

/* --- a page of page tables --- */

struct mem_cgroup standin_memcg;
struct mm_struct init_mm;
static __thread struct mem_cgroup *active_memcg;

struct page *pagetable_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_page(gfp);

	must(!order, "order %u", order);
	if (page && gfp & __GFP_ACCOUNT)
		page->memcg = active_memcg ?: &standin_memcg;
	return page;
}

void pagetable_free(struct page *desc)
{
	if (desc->order)
		free_pages((unsigned long)page_to_virt(desc), desc->order);
	else
		__free_page(desc);
}

void __arch_set_page_dat(void *addr, unsigned long nr)
{
	must(nr == 1, "%lu pages", nr);
	virt_to_page(addr)->dat = true;
}

struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	struct mem_cgroup *before = active_memcg;

	active_memcg = memcg;
	return before;
}

struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm)
{
	if (mm->memcg)
		mm->memcg->references++;
	return mm->memcg;
}

void mem_cgroup_put(struct mem_cgroup *memcg)
{
	if (!memcg)
		return;
	must(memcg->references, "a cgroup is given back once too often");
	memcg->references--;
}

/* --- page faults, grace periods --- */

void vma_start_write(struct vm_area_struct *vma)
{
	must(vma->vm_mm->write_locked, "VMA locked without the mmap lock");
	standin_may_reclaim("vma_start_write");
	if (vma->faults_ended)
		return;
	if (standin_fault_ends)
		standin_fault_ends(vma);
	vma->faults_ended = true;
}

/* The stand-in for RCU does not know what is freed in a grace period, but who begins it does. */
static __thread void *deferred_table;
void (*standin_waits)(void);

static void rcu_over(void *arg)
{
	struct rcu_head *rcu = arg;

	rcu->func(rcu);
}

void call_rcu(struct rcu_head *rcu, void (*func)(struct rcu_head *rcu))
{
	must(deferred_table, "deferred by nobody");
	rcu->func = func;
	rcu_queue(deferred_table, rcu_over, rcu);
}

void synchronize_rcu(void)
{
	if (standin_waits)
		standin_waits();
}

void table_free_deferred(struct mm_struct *mm, void *table)
{
	deferred_table = table;
	pte_free_defer(mm, table);
}
