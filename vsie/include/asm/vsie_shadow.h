/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nested guests: shadow tables refer to PGSTE tables only (rule R2 of
 * docs/pgste.md), and how often shadow address spaces are built and reused.
 */
#ifndef _ASM_S390_VSIE_SHADOW_H
#define _ASM_S390_VSIE_SHADOW_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/mm.h>

#ifdef CONFIG_PGSTE_MIXED

/**
 * enum vsie_event - what happened to the shadow of an address space
 * @VSIE_SHADOW_BUILT:   a new one was made
 * @VSIE_SHADOW_REUSED:  the guest hypervisor came back to one that was kept
 * @VSIE_SHADOW_REMOVED: one was freed; the difference to built is how many exist
 */
enum vsie_event {
	VSIE_SHADOW_BUILT,
	VSIE_SHADOW_REUSED,
	VSIE_SHADOW_REMOVED,
	VSIE_NR_EVENTS
};

extern atomic_long_t vsie_events[VSIE_NR_EVENTS];

#define vsie_count(event)	atomic_long_inc(&vsie_events[event])

/**
 * vsie_check_tables - both PTEs of a shadow entry must have a PGSTE
 * @sptep: the entry of the parent, in a table of the process
 * @tptep: the entry that shadows it, in a shadow page table
 *
 * __gmap_link() has admitted the parent's table, and the shadow table is made by
 * page_table_alloc_pgste(). Anything else is a bug, and it is better to see it here
 * than when SIE has overwritten something behind a 2K table.
 *
 * Context: page table lock of @sptep, guest_table_lock of the shadow held.
 */
static inline void vsie_check_tables(const pte_t *sptep, const pte_t *tptep)
{
	WARN_ON_ONCE(pgtable_kind(sptep) != PGTABLE_PGSTE);
	WARN_ON_ONCE(pgtable_kind(tptep) != PGTABLE_PGSTE);
}

#else

#define vsie_count(event)		do { } while (0)
#define vsie_check_tables(sptep, tptep)	do { } while (0)

#endif
#endif
