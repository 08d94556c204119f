/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between the small hypervisor (hypervisor.c), which is a guest itself,
 * and whoever runs it (nest.c). It runs the small guest of tests/lib as a nested
 * guest; what it is told to do comes and ends as the small guest's jobs do (guest.h).
 */
#ifndef PGMIX_NESTED_H
#define PGMIX_NESTED_H

#include "guest.h"

/*
 * Memory of the hypervisor. Below NEST_STATE it is laid out as that of the small guest.
 * Each page of the nested guest is at its place from NEST_MEMORY on, or, after an odd
 * number of moves, at the one from NEST_SPARE on.
 */
#define NEST_STATE	GUEST_SEGMENT
#define NEST_CRSTS	(NEST_STATE + 0x10000)	/* up to four, 16 KiB each */
#define NEST_TABLES	(NEST_STATE + 0x20000)	/* page tables of 2 KiB, side by side */
#define NEST_SCBS	(NEST_STATE + 0x30000)	/* control blocks, one page per CPU */
#define NEST_MEMORY	(4 * GUEST_SEGMENT)
#define NEST_SIZE	(4 * GUEST_SEGMENT)
#define NEST_SPARE	(NEST_MEMORY + NEST_SIZE)
#define NEST_TOTAL	(NEST_SPARE + NEST_SIZE)
#define NEST_PAGES	(NEST_SIZE / GUEST_PAGE)

/* A job of the small guest (enum guest_job) is for the nested guest to do. */
enum nest_job {
	NEST_MAKE = 0x100,	/* address space of the nested guest; gpr 3: levels of tables
				 * above its page tables, 0: none, a real-space designation */
	NEST_MOVE,		/* its pages, with their keys, to other frames */
	NEST_MOVE_ON,		/* the same over and over until told to stop */
	NEST_HIDE,		/* make its pages invalid, they come back on demand */
	NEST_CHECK,		/* GUEST_VERIFY, but through the hypervisor's eyes */
	NEST_CHECK_KEYS,	/* GUEST_GETKEYS */
	NEST_OWN = 0x200	/* + a job of the small guest: the hypervisor does it itself */
};

#define NEST_LEVELS	4

#ifndef __ASSEMBLER__

#define NEST_INVALID	0x400UL		/* page table entry */

/* At NEST_STATE; the VMM may look at any time. */
struct nest_state {
	unsigned long lock;
	unsigned long levels;
	unsigned long asce;
	unsigned long faults;		/* pages that came back on demand */
	unsigned long intercepts;
	unsigned long moves;
	/* of a nested guest that left for an unknown reason */
	unsigned long icptcode, instruction, pgm;
};

/* How a job ends, beyond enum guest_end. */
enum nest_end {
	NEST_LEFT = 0x100,	/* the nested guest: see icptcode and instruction */
	NEST_FAULT		/* it had a fault that the hypervisor cannot resolve: see pgm */
};

#endif
#endif
