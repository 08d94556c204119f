// SPDX-License-Identifier: GPL-2.0
/*
 * Which segments of a process may be linked into a guest mapping, and what is
 * said when one may not: a tracepoint, a counter and a line in the log that
 * names the process, the address and what to do about it.
 */

#define pr_fmt(fmt) "gmap: " fmt

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <asm/gmap.h>
#include <asm/gmap_admission.h>
#include <asm/pgste.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

static atomic_long_t refusals;

/**
 * gmap_admits - may this segment table entry be linked into a guest mapping?
 * @pmd: a present segment table entry of the process
 *
 * A 1 MiB page has no page table: whether it may be linked is decided by
 * __gmap_link() as ever.
 *
 * Context: the lock of the segment table held, or the mmap lock: the page
 * table must not go away.
 */
bool gmap_admits(pmd_t pmd)
{
	return pmd_large(pmd) || pgtable_kind((pte_t *)pmd_deref(pmd)) == PGTABLE_PGSTE;
}

/**
 * gmap_refuse - a segment is not linked
 * @gmap: the guest mapping
 * @gaddr: the guest address
 * @vmaddr: the process address it is backed by
 *
 * Says so to the administrator, unless the table is going to be promoted.
 *
 * Return: GMAP_REFUSED, for the caller to pass on.
 */
int gmap_refuse(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr)
{
	if (READ_ONCE(gmap_promotes))
		return GMAP_REFUSED;
	atomic_long_inc(&refusals);
	trace_gmap_refuse(gaddr, vmaddr);
	pr_warn_ratelimited("%s[%d]: guest address %#lx refused: the memory at %#lx was in use before the VM was created and has a 2K page table. Set vm.pgste_promote=1, or map guest memory after KVM_CREATE_VM, or start the process with vm.alloc_pgste=1\n",
			    current->comm, task_pid_nr(current), gaddr, vmaddr);
	return GMAP_REFUSED;
}

/**
 * gmap_refusals - how often a segment was refused since boot
 */
unsigned long gmap_refusals(void)
{
	return atomic_long_read(&refusals);
}
