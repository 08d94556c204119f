/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nested guests: the tables that shadow those of a guest hypervisor refer to
 * tables with PGSTEs only (rule R2), and how often they are built and reused.
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
 * @VSIE_SHADOW_REMOVED: one was freed; built less removed are alive
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
 * vsie_check_tables - both ends of a shadow mapping must have a PGSTE
 * @sptep: the entry of the parent, in a table of the process
 * @tptep: the entry that shadows it, in a shadow page table
 *
 * The parent's table came through the door of __gmap_link(), the shadow table
 * from page_table_alloc_pgste(): anything else is a bug, to be seen where the
 * reference is made and not when SIE writes beside a table.
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
