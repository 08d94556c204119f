/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between the small guest (guest.c, start.S) and whoever runs it
 * (vmm.c): where things lie in guest memory and what the guest can be told to do.
 */
#ifndef PGMIX_GUEST_H
#define PGMIX_GUEST_H

#define GUEST_PAGE	4096UL
#define GUEST_SEGMENT	(1UL << 20)	/* what one page table maps */

/*
 * The image is laid at guest real address 0: start PSW at 0, program-new PSW at
 * 0x1d0, control blocks at GUEST_CTL, code behind. All of it, stacks included,
 * stays below GUEST_DATA; everything from there on is data for the guest to work on.
 * CPU n uses prefix area, stack and control block number n.
 */
#define GUEST_CTL	0x2000UL
#define GUEST_STACKS	0x10000UL	/* 16 KiB per CPU, first one ends at +0x4000 */
#define GUEST_PREFIXES	0x40000UL	/* 8 KiB per CPU but the first, which has 0 */
#define GUEST_DATA	GUEST_SEGMENT
#define GUEST_CPUS	4

#define GUEST_PREFIX(cpu)	((cpu) ? GUEST_PREFIXES + (cpu) * 0x2000UL : 0UL)
#define GUEST_STACK(cpu)	(GUEST_STACKS + ((cpu) + 1) * 0x4000UL)

#ifndef __ASSEMBLER__

/* What the guest is told to do: gpr 2. Arguments (gpr 3 to 5): from, pages, flags or seed. */
enum guest_job {
	GUEST_FILL,	/* write the pattern of (page, seed) into every page */
	GUEST_VERIFY,	/* and compare */
	GUEST_POKE,	/* store one word, the seed, at the start of every page */
	GUEST_PEEK,	/* load the first word of every page and compare it with the seed */
	GUEST_SETKEYS,	/* SSKE: page i gets guest_key(i + seed) */
	GUEST_GETKEYS,	/* ISKE: compare access-control and fetch bits with guest_key(i + seed) */
	GUEST_REFERENCE,/* on every page: what RRBE says after SSKE, a load, a store */
	GUEST_WORK,	/* rewrite and check pages (and keys) round after round, see below */
	GUEST_SPIN,	/* load the first word of every page, over and over, until told to stop */
	GUEST_JOBS
};

/* gpr 5 of GUEST_WORK */
#define GUEST_WORK_KEYS	1UL	/* keys too, by SSKE and ISKE */

/* How a job ended: gpr 2 when the guest issues DIAG 0x501. */
enum guest_end {
	GUEST_OK,
	GUEST_BAD_DATA,		/* see addr, saw, want of the control block */
	GUEST_BAD_KEY,
	GUEST_BAD_REFERENCE,
	GUEST_PGM,		/* program interruption: see pgm and psw_addr */
	GUEST_NO_SUCH_JOB
};

/* One per CPU, at GUEST_CTL + cpu * sizeof; both sides may look at any time. */
struct guest_ctl {
	unsigned long stop;	/* VMM: finish the round, then end */
	unsigned long patient;	/* VMM: bit n: after program interruption n try again */
	unsigned long rounds;	/* guest: complete rounds of GUEST_WORK and GUEST_SPIN */
	unsigned long retries;	/* guest: interruptions met with patience */
	unsigned long addr;	/* guest: first wrong address, ... */
	unsigned long saw;
	unsigned long want;
	unsigned long pgm;	/* guest: program interruption code ... */
	unsigned long psw_addr;	/* ... and where */
	unsigned long external;	/* guest: external interruptions met */
	unsigned long pad[6];
};

/* What a guest found that should be otherwise. Return: @end. */
static inline int wrong(struct guest_ctl *ctl, int end, unsigned long addr, unsigned long saw,
			unsigned long want)
{
	ctl->addr = addr;
	ctl->saw = saw;
	ctl->want = want;
	return end;
}

/* Never a key of zero, so that a lost key shows. */
static inline unsigned char guest_key(unsigned long i)
{
	return (i % 15 + 1) << 4 | (i & 8);
}

static inline unsigned long guest_word(unsigned long addr, unsigned long seed)
{
	return (addr + 1) * 0x9e3779b97f4a7c15UL ^ seed << 32 ^ seed;
}

#endif
#endif
