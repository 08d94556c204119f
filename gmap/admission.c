// SPDX-License-Identifier: GPL-2.0
/*
 * Admission: which segments of a process may be linked into a gmap. A refusal is
 * reported by a tracepoint, a counter and a line in the log that names the process,
 * the address and what to do.
 */

#define pr_fmt(fmt) "gmap: " fmt

#include <linux/atomic.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <asm/gmap.h>
#include <asm/gmap_admission.h>
#include <asm/pgste.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

static atomic_long_t refusals;

/* The segment table entry does not say which kind of 1 MiB page it is; the VMA does. */
static bool is_transparent(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);

	return vma && !is_vm_hugetlb_page(vma);
}

/* Not in the VMA of a driver, which has no fault handler that would map a page again. */
static bool drops_zero_page(struct mm_struct *mm, unsigned long addr, pte_t pte)
{
	struct vm_area_struct *vma;

	if (!PGSTE_NO_ZERO_PAGES || !pte_present(pte) || !is_zero_pfn(pte_pfn(pte)))
		return false;
	vma = vma_lookup(mm, addr);
	return vma && !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

/**
 * gmap_admits - may this segment table entry be linked into a gmap?
 * @mm: the address space of the process
 * @addr: an address in the segment
 * @pmd: a present segment table entry of the process
 *
 * A 1 MiB page has no page table. A hugetlbfs page can be linked, unless
 * gmap_bars_hugetlb() forbids it. A transparent huge page could be split at any
 * time, so it is not admitted; promotion splits it.
 *
 * Context: mmap lock and the lock of the segment table held.
 */
bool gmap_admits(struct mm_struct *mm, unsigned long addr, pmd_t pmd)
{
	pte_t *table = (pte_t *)pmd_deref(pmd);
	struct page *page = virt_to_page(table);

	if (pmd_leaf(pmd))
		return !is_transparent(mm, addr);
	if (pgtable_kind(table) != PGTABLE_PGSTE || PagePgsteIdle(page))
		return false;
	/* Once idle is gone nobody else changes the page type of a table in use. */
	if (!PagePgsteLinked(page))
		__SetPagePgsteLinked(page);
	return true;
}

/**
 * gmap_bars_hugetlb - is this a hugetlbfs page, and the VM may not have such pages?
 * @mm: the address space of the process
 * @addr: an address in the segment
 * @pmd: the segment table entry
 *
 * Such a page cannot be split. Only a VM that may have 1 MiB pages can use it.
 *
 * Context: mmap lock held.
 */
bool gmap_bars_hugetlb(struct mm_struct *mm, unsigned long addr, pmd_t pmd)
{
	return pmd_leaf(pmd) && !mm->context.allow_gmap_hpage_1m && !is_transparent(mm, addr);
}

/**
 * gmap_prepare_table - set the idle PGSTEs of a table before it is linked
 * @mm: the address space
 * @pmdp: the entry of the segment
 * @addr: an address in the segment, in a VMA
 *
 * In mode all, the PGSTEs of tables that were made before the first VM are idle:
 * nobody has maintained them. Before a guest uses such a table each entry gets the
 * PGSTE that storing it would have left. Entries of the zero page are removed: a
 * guest that sets its key would set it for everybody. This is done once for each
 * table, with its lock held, so a walker that has read the mode before the VM was
 * created has finished (docs/locking.md).
 *
 * Context: mmap lock held.
 */
void gmap_prepare_table(struct mm_struct *mm, pmd_t *pmdp, unsigned long addr)
{
	pmd_t pmd = READ_ONCE(*pmdp);
	struct page *page;
	spinlock_t *ptl;
	pte_t *ptep;
	int i;

	if (mm_pgste_mode(mm) != MM_PGSTE_ALL || !pmd_present(pmd) || pmd_leaf(pmd))
		return;
	ptep = (pte_t *)pmd_deref(pmd);
	page = virt_to_page(ptep);
	if (!PagePgsteIdle(page))
		return;
	addr &= PMD_MASK;
	ptl = pte_lockptr(mm, &pmd);
	spin_lock(ptl);
	if (PagePgsteIdle(page)) {
		for (i = 0; i < PTRS_PER_PTE; i++, ptep++, addr += PAGE_SIZE) {
			if (drops_zero_page(mm, addr, *ptep))
				ptep_xchg_direct(mm, addr, ptep, __pte(_PAGE_INVALID));
			ptep_adopt(mm, addr, ptep);
		}
		/* Write the PGSTEs before they stop being idle. */
		smp_wmb();
		__ClearPagePgsteIdle(page);
	}
	spin_unlock(ptl);
}

static bool segment_is_huge(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	if (!pgd_present(*pgd))
		return false;
	p4d = p4d_offset(pgd, addr);
	if (!p4d_present(*p4d))
		return false;
	pud = pud_offset(p4d, addr);
	if (!pud_present(*pud) || pud_leaf(*pud))
		return false;
	pmd = pmd_offset(pud, addr);
	return pmd_present(*pmd) && pmd_leaf(*pmd);
}

/**
 * gmap_locked_pte - get_locked_pte() where there may be a huge page
 * @mm: the address space
 * @addr: the address
 * @ptl: the page table lock
 *
 * For operations that find a PGSTE by its process address: the segment need not have
 * been linked, so it can still be a transparent huge page. That is split.
 *
 * Context: mmap lock held.
 * Return: the entry, its lock held; NULL without memory, and for hugetlbfs.
 */
pte_t *gmap_locked_pte(struct mm_struct *mm, unsigned long addr, spinlock_t **ptl)
{
	if (segment_is_huge(mm, addr)) {
		struct vm_area_struct *vma = vma_lookup(mm, addr);

		if (!vma || is_vm_hugetlb_page(vma))
			return NULL;
		split_huge_pmd_address(vma, addr, false, NULL);
	}
	return get_locked_pte(mm, addr, ptl);
}

/**
 * gmap_refuse - report that memory is refused: its 2K table is not promoted
 * @gaddr: the guest address
 * @vmaddr: the process address it is backed by
 *
 * Called by the code that decides not to promote, once for each error that user
 * space gets.
 *
 * Return: GMAP_REFUSED, for the caller to pass on.
 */
int gmap_refuse(unsigned long gaddr, unsigned long vmaddr)
{
	atomic_long_inc(&refusals);
	trace_gmap_refuse(gaddr, vmaddr);
	pr_warn_ratelimited("%s[%d]: guest address %#lx refused: the memory at %#lx was in use before the VM was created and has a 2K page table. Set vm.pgste_promote=1, or map guest memory after KVM_CREATE_VM, or start the process with vm.alloc_pgste=1\n",
			    current->comm, task_pid_nr(current), gaddr, vmaddr);
	return GMAP_REFUSED;
}

/**
 * gmap_refusals - how often memory was refused since boot
 */
unsigned long gmap_refusals(void)
{
	return atomic_long_read(&refusals);
}
