// SPDX-License-Identifier: GPL-2.0
/*
 * When a process starts and when it stops to have guests: which kinds of page
 * table it makes, promotion of tables that are to be linked into a guest
 * mapping, demotion of all of them when the last guest is gone.
 */

#define pr_fmt(fmt) "gmap: " fmt

#include <linux/mm.h>
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <asm/gmap.h>
#include <asm/gmap_admission.h>
#include <asm/pgste.h>
#include <asm/pgtable_replace.h>

/*
 * vm.pgste_promote, and pgste_promote= at boot. On: a table that lacks PGSTEs
 * is replaced when it is to be linked, so that any memory can become guest
 * memory and any VMM works. Off: it is refused, as in the RFC of 2017.
 */
int gmap_promotes __read_mostly = 1;
core_param(pgste_promote, gmap_promotes, int, 0);

/**
 * gmap_start_mm - the process has one VM more
 * @mm: its address space
 *
 * With the mmap lock held for writing no page table is made meanwhile, so each
 * table is either older than the mode, and what it was, or made by it. Nothing is
 * walked: a 2K table gets its PGSTEs when it is promoted, a table whose PGSTEs are
 * idle is prepared when it is linked, a huge page is split when it is met.
 *
 * Context: may sleep, takes the mmap lock for writing. gmap_stop_mm() undoes it.
 */
void gmap_start_mm(struct mm_struct *mm)
{
	/*
	 * Before any PGSTE is in use, and before the mmap lock: patching sleeps.
	 * Always: while another one is switching it on, the key counts as on but
	 * its call sites are not patched yet. This waits for that, and is a load
	 * and a comparison afterwards.
	 */
	static_branch_enable(&pgste_in_use);
	mmap_write_lock(mm);
	if (mm_pgste_mode(mm) == MM_PGSTE_NONE)
		mm_set_pgste_mode(mm, mm->context.alloc_pgste ? MM_PGSTE_ALL : MM_PGSTE_MIXED);
	mm->context.alloc_pgste = 1;
	atomic_inc(&mm->context.nr_vms);
	mmap_write_unlock(mm);
}
EXPORT_SYMBOL_GPL(gmap_start_mm);

/**
 * gmap_promote - make memory of a process fit for a guest mapping
 * @mm: the address space
 * @start: first address
 * @len: length in bytes
 *
 * 2K tables are promoted, transparent huge pages split.
 *
 * Context: may sleep; no mmap lock held. See pgtable_replace_range().
 * Return: 0, also if tables are not to be promoted; -ENOMEM, -EINTR.
 */
int gmap_promote(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	if (!gmap_can_promote(mm))
		return 0;
	return pgtable_replace_range(mm, start, start + len, PGTABLE_PROMOTE);
}
EXPORT_SYMBOL_GPL(gmap_promote);

/* One segment that somebody wants; a refusal is reported here and nowhere else. */
static int promote_or_refuse(struct mm_struct *mm, unsigned long gaddr, unsigned long addr)
{
	if (!gmap_can_promote(mm))
		return gmap_refuse(gaddr, addr);
	addr &= PMD_MASK;
	return pgtable_replace_range(mm, addr, addr + PMD_SIZE, PGTABLE_PROMOTE);
}

/**
 * gmap_resolve_refusal - promote the segment that __gmap_link() refused
 * @gmap: the guest mapping
 * @gaddr: the guest address
 *
 * The address is translated again: without the mmap lock the guest mapping can
 * have changed. If there is nothing at @gaddr any more, whoever tries again
 * will find out.
 *
 * Context: may sleep; no mmap lock held.
 * Return: 0 to try again, GMAP_REFUSED, -ENOMEM, -EINTR.
 */
int gmap_resolve_refusal(struct gmap *gmap, unsigned long gaddr)
{
	unsigned long vmaddr = gmap_translate(gmap, gaddr);

	if (IS_ERR_VALUE(vmaddr))
		return 0;
	return promote_or_refuse(gmap->mm, gaddr, vmaddr);
}
EXPORT_SYMBOL_GPL(gmap_resolve_refusal);

/**
 * gmap_link_or_promote - link a segment, promoting its table if need be
 * @gmap: the guest mapping
 * @gaddr: the guest address
 * @vmaddr: the process address it is backed by
 *
 * Context: mmap lock held for reading; may be dropped and taken again.
 * Return: 0: linked, or the caller is to translate @gaddr again; or an error
 * of __gmap_link() or gmap_resolve_refusal().
 */
int gmap_link_or_promote(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr)
{
	int rc = __gmap_link(gmap, gaddr, vmaddr);

	if (rc != GMAP_REFUSED)
		return rc;
	mmap_read_unlock(gmap->mm);
	rc = gmap_resolve_refusal(gmap, gaddr);
	mmap_read_lock(gmap->mm);
	return rc;
}

/**
 * gmap_fixup_key_fault - make a page fit for a key operation that failed
 * @rc: what the key operation returned
 * @mm: the address space
 * @gaddr: the guest address of the page
 * @addr: its process address
 * @unlocked: set if the mmap lock was dropped meanwhile
 *
 * Faulting a page in does not help if its table has no place for a key.
 *
 * Context: mmap lock held for reading.
 * Return: 0 to try the key operation again; GMAP_REFUSED or another error.
 */
int gmap_fixup_key_fault(int rc, struct mm_struct *mm, unsigned long gaddr,
			 unsigned long addr, bool *unlocked)
{
	if (rc != GMAP_REFUSED)
		return fixup_user_fault(mm, addr, FAULT_FLAG_WRITE, unlocked);
	mmap_read_unlock(mm);
	rc = promote_or_refuse(mm, gaddr, addr);
	mmap_read_lock(mm);
	*unlocked = true;
	return rc;
}
EXPORT_SYMBOL_GPL(gmap_fixup_key_fault);

/**
 * gmap_set_usage - set the usage state of a page, wherever it is
 * @mm: the address space
 * @gaddr: the guest address of the page
 * @addr: its process address
 * @bits: which bits of the PGSTE
 * @value: their values
 *
 * The state of a page without PGSTE is 0, as it is after promotion: to set that,
 * nothing has to be done. As ever, addresses that are not mapped are passed over.
 *
 * Context: mmap lock held for reading; may be dropped and taken again.
 * Return: 0, GMAP_REFUSED, -ENOMEM, -EINTR.
 */
int gmap_set_usage(struct mm_struct *mm, unsigned long gaddr, unsigned long addr,
		   unsigned long bits, unsigned long value)
{
	int rc;

	while (set_pgste_bits(mm, addr, bits, value) == GMAP_REFUSED && value & bits) {
		mmap_read_unlock(mm);
		rc = promote_or_refuse(mm, gaddr, addr);
		mmap_read_lock(mm);
		if (rc)
			return rc;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gmap_set_usage);

struct demotion {
	struct work_struct work;
	struct mm_struct *mm;
};

/* Demotion waits for mmap locks: not on a queue that others have work on. */
static struct workqueue_struct *demotion_queue;

static int __init demotion_init(void)
{
	demotion_queue = alloc_workqueue("pgste_demotion", WQ_UNBOUND, 0);
	return demotion_queue ? 0 : -ENOMEM;
}
subsys_initcall(demotion_init);

/* From here on no table gets PGSTEs, until a VM is created. */
static bool demotion_begins(struct mm_struct *mm)
{
	bool begins;

	mmap_write_lock(mm);
	begins = mm_pgste_mode(mm) == MM_PGSTE_MIXED && !mm->context.demoting &&
		 !atomic_read(&mm->context.nr_vms);
	if (begins) {
		mm->context.demoting = true;
		mm->context.alloc_pgste = 0;
	}
	mmap_write_unlock(mm);
	return begins;
}

/*
 * @rc: 0 if there is no table with PGSTEs left that was there when it began.
 * Return: true if a VM came and went meanwhile. Tables with PGSTEs can have been
 * made behind the one that demotes, and who was to demote them has left it to him.
 */
static bool demotion_ends(struct mm_struct *mm, int rc)
{
	bool again = false;

	mmap_write_lock(mm);
	mm->context.demoting = false;
	if (atomic_read(&mm->context.nr_vms)) {
		/* Its end is the next chance. */
	} else if (mm->context.alloc_pgste) {
		again = true;
	} else if (!rc) {
		mm->context.uses_skeys = 0;
		mm->context.uses_cmm = 0;
		mm_set_pgste_mode(mm, MM_PGSTE_NONE);
	}
	mmap_write_unlock(mm);
	return again;
}

static void demote(struct work_struct *work)
{
	struct demotion *demotion = container_of(work, struct demotion, work);
	struct mm_struct *mm = demotion->mm;

	kfree(demotion);
	/* A process that exits frees its tables itself. */
	if (mmget_not_zero(mm)) {
		while (demotion_begins(mm) &&
		       demotion_ends(mm, pgtable_replace_range(mm, 0, -1UL, PGTABLE_DEMOTE)))
			;
		mmput(mm);
	}
	mmdrop(mm);
}

/**
 * gmap_stop_mm - a VM of the process is gone
 * @mm: its address space
 *
 * If it was the last, all tables lose their PGSTEs again, in the background; but
 * not those that carry storage keys, which the next VM is to find. A process in
 * which all tables have them since exec keeps them. Without memory for that nothing
 * is done: the tables stay as they are.
 *
 * Context: may sleep; the VM has no gmap any more.
 */
void gmap_stop_mm(struct mm_struct *mm)
{
	struct demotion *demotion;

	if (!atomic_dec_and_test(&mm->context.nr_vms))
		return;
	if (mm_pgste_mode(mm) != MM_PGSTE_MIXED || !READ_ONCE(gmap_promotes) || !demotion_queue)
		return;
	demotion = kmalloc(sizeof(*demotion), GFP_KERNEL);
	if (!demotion)
		return;
	mmgrab(mm);
	demotion->mm = mm;
	INIT_WORK(&demotion->work, demote);
	queue_work(demotion_queue, &demotion->work);
}
EXPORT_SYMBOL_GPL(gmap_stop_mm);
