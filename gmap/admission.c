// SPDX-License-Identifier: GPL-2.0
/*
 * Which segments of a process may be linked into a guest mapping, and what is
 * said when one may not: a tracepoint, a counter and a line in the log that
 * names the process, the address and what to do about it.
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

/* Of the two kinds of 1 MiB page the segment table entry does not say which. */
static bool is_transparent(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);

	return vma && !is_vm_hugetlb_page(vma);
}

/* A driver's mapping does not come back by a fault. */
static bool drops_zero_page(struct mm_struct *mm, unsigned long addr, pte_t pte)
{
	struct vm_area_struct *vma;

	if (!pte_present(pte) || !is_zero_pfn(pte_pfn(pte)))
		return false;
	vma = vma_lookup(mm, addr);
	return vma && !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

/**
 * gmap_admits - may this segment table entry be linked into a guest mapping?
 * @mm: the address space of the process
 * @addr: an address in the segment
 * @pmd: a present segment table entry of the process
 *
 * A 1 MiB page has no page table. That of hugetlbfs is linked as it is if
 * gmap_bars_hugetlb() let it pass; a transparent one is split first, it could be
 * at any time.
 *
 * Context: mmap lock and the lock of the segment table held.
 */
bool gmap_admits(struct mm_struct *mm, unsigned long addr, pmd_t pmd)
{
	pte_t *table = (pte_t *)pmd_deref(pmd);

	if (!safeguard(ADMISSION))
		return true;
	if (pmd_large(pmd))
		return !is_transparent(mm, addr);
	return pgtable_kind(table) == PGTABLE_PGSTE && !PagePgsteIdle(virt_to_page(table));
}

/**
 * gmap_bars_hugetlb - is this a 1 MiB page that no guest may have?
 * @mm: the address space of the process
 * @addr: an address in the segment
 * @pmd: the segment table entry
 *
 * Such a page cannot be split, so it takes a VM that can have 1 MiB pages.
 *
 * Context: mmap lock held.
 */
bool gmap_bars_hugetlb(struct mm_struct *mm, unsigned long addr, pmd_t pmd)
{
	return pmd_large(pmd) && !mm->context.allow_gmap_hpage_1m && !is_transparent(mm, addr);
}

/**
 * gmap_prepare_table - make PGSTEs that nobody has maintained fit for a guest
 * @mm: the address space
 * @pmdp: the entry of the segment
 * @addr: an address in the segment, in a VMA
 *
 * In a process all of whose tables have PGSTEs those made before its first VM
 * are idle. Before a guest gets there each entry gets the PGSTE that storing it
 * would have left, and mappings of the zero page go: a guest that sets the key of
 * one page would set that of all. Once for each table, with its lock held, so who
 * still believes that the process has no VM has finished before (docs/locking.md).
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

	if (mm_pgste_mode(mm) != MM_PGSTE_ALL || !pmd_present(pmd) || pmd_large(pmd))
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
		/* The PGSTEs before what says that they are good. */
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
	if (!pud_present(*pud) || pud_large(*pud))
		return false;
	pmd = pmd_offset(pud, addr);
	return pmd_present(*pmd) && pmd_large(*pmd);
}

/**
 * gmap_locked_pte - get_locked_pte() where there may be a huge page
 * @mm: the address space
 * @addr: the address
 * @ptl: the page table lock
 *
 * For operations on a PGSTE that go by a process address: the guest need not have
 * been there, so a transparent huge page may still be. It is split.
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
 * gmap_refuse - memory stays refused: it has a 2K table that is not promoted
 * @gaddr: the guest address
 * @vmaddr: the process address it is backed by
 *
 * Says so to the administrator. Whoever decides not to promote calls this, once for
 * each error that goes to user space.
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
