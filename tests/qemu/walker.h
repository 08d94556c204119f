/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the walker (a guest for QEMU) and the test programs around it agree on: which page
 * is written in which round, and what is in it then.
 */
#ifndef PGMIX_WALKER_H
#define PGMIX_WALKER_H

#define WALKER_AREA	0x1000000	/* guest address of the pages */
#define WALKER_PAGES	1024
#define WALKER_STEP	64		/* pages written in a round */
#define WALKER_TURN	(WALKER_PAGES / WALKER_STEP)	/* rounds until it is a page's turn again */
#define WALKER_WORDS	512		/* of a page */
#define WALKER_KEY_BITS	0xf8		/* access control and fetch protection */
#define SAVED_REGISTERS	0x1300		/* in the lowcore, at a program check */

#ifndef __ASSEMBLER__

/* The last round up to @round in which the page was written. */
static inline unsigned long walker_written(unsigned long page, unsigned long round)
{
	return round - (round - page / WALKER_STEP) % WALKER_TURN;
}

/* The words of a page that was written in @round, and its storage key, which is never 0. */
static inline unsigned long walker_word(unsigned long page, unsigned long round, unsigned long i)
{
	return (page << 40 | round << 12 | i) * 0x9e3779b97f4a7c15UL;
}

static inline unsigned char walker_key(unsigned long page, unsigned long round)
{
	return ((page * 7 + round) % 15 + 1) << 4 | (page + round) % 2 << 3;
}

#endif
#endif
