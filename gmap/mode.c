// SPDX-License-Identifier: GPL-2.0
/*
 * What changes when a process gets its first VM and loses its last one: the kind of
 * page tables it makes; promotion of tables that are to be linked into a gmap;
 * demotion of all tables when the last VM is gone.
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
 * vm.pgste_promote, and pgste_promote= at boot. On: a 2K table is promoted when it
 * is to be linked, so that any memory can become guest memory and any VMM works.
 * Off: it is refused, so only memory that is mapped after KVM_CREATE_VM can.
 */
int gmap_promotes __read_mostly = 1;
core_param(pgste_promote, gmap_promotes, int, 0);

/**
 * gmap_start_mm - the process has one more VM
 * @mm: its address space
 *
 * No page table is made while the mmap lock is held for writing. So a table is
 * either older than the mode and keeps its kind, or has the kind that the mode asks
 * for. No table is walked here: a 2K table gets PGSTEs when it is promoted, a table
 * with idle PGSTEs is prepared when it is linked, a huge page is split when a guest
 * or a key operation gets to it.
 *
 * Context: may sleep, takes the mmap lock for writing. gmap_stop_mm() undoes it.
 */
void gmap_start_mm(struct mm_struct *mm)
{
	/*
	 * The key has to be on before any PGSTE is in use. It is switched on
	 * before the mmap lock is taken, because patching sleeps. This is called for
	 * every VM: while another task is switching the key on it already counts as
	 * on, though call sites are not patched yet, and the call waits for that.
	 * Later it costs a load and a comparison.
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
 * gmap_promote - give memory of a process page tables that can be linked
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

/* Promote one segment that is accessed. Refusals are reported here and nowhere else. */
static int promote_or_refuse(struct mm_struct *mm, unsigned long gaddr, unsigned long addr)
{
	if (!gmap_can_promote(mm))
		return gmap_refuse(gaddr, addr);
	addr &= PMD_MASK;
	return pgtable_replace_range(mm, addr, addr + PMD_SIZE, PGTABLE_PROMOTE);
}

/**
 * gmap_resolve_refusal - promote the segment that __gmap_link() refused
 * @gmap: the guest address space
 * @gaddr: the guest address
 *
 * The address is translated again, because the gmap can have changed while the mmap
 * lock was not held. If there is nothing at @gaddr any more this returns 0, and the
 * caller finds out when it tries again.
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
 * gmap_link_or_promote - link a segment, or promote its table
 * @gmap: the guest address space
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
 * gmap_fixup_key_fault - remove the reason why a key operation failed
 * @rc: what the key operation returned
 * @mm: the address space
 * @gaddr: the guest address of the page
 * @addr: its process address
 * @unlocked: set if the mmap lock was dropped meanwhile
 *
 * It fails for a page that is not present, which is faulted in, and for a page
 * behind a 2K table, which has no place for a key: that is promoted.
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
 * gmap_set_usage - set the usage state of a page, whatever its page table is
 * @mm: the address space
 * @gaddr: the guest address of the page
 * @addr: its process address
 * @bits: which bits of the PGSTE
 * @value: their values
 *
 * A page without PGSTE has state 0, which is also its state after promotion, so
 * there is nothing to do to set it. Addresses that are not mapped are ignored, as by
 * stock Linux.
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

/* A queue of its own: demotion waits for mmap locks, and would delay the work of others. */
static struct workqueue_struct *demotion_queue;

static int __init demotion_init(void)
{
	demotion_queue = alloc_workqueue("pgste_demotion", WQ_UNBOUND, 0);
	return demotion_queue ? 0 : -ENOMEM;
}
subsys_initcall(demotion_init);

/* After this the process makes 2K tables, until a VM is created. */
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
 * @rc: 0 if none of the PGSTE tables is left that there were when demotion began.
 * Return: true if a VM was created and destroyed meanwhile. Then there can be new
 * PGSTE tables at addresses that have been walked already, and the demotion that
 * should have followed that VM has found this one running and done nothing.
 */
static bool demotion_ends(struct mm_struct *mm, int rc)
{
	bool again = false;

	mmap_write_lock(mm);
	mm->context.demoting = false;
	if (atomic_read(&mm->context.nr_vms)) {
		/* Demotion is tried again when this VM is gone. */
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
	/* If the process has exited its tables are freed already. */
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
 * If it was the last one, the tables are demoted in the background, except those
 * that carry storage keys, which the next VM has to find. A process that has had
 * PGSTE tables since exec keeps them. If there is no memory to begin, or to go on,
 * the tables stay as they are.
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
