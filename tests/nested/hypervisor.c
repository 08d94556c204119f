// SPDX-License-Identifier: GPL-2.0
/*
 * The small hypervisor: a freestanding guest that runs another one with SIE. It makes
 * the nested guest's page tables, changes them, and does what SIE leaves to it: page
 * faults and storage keys. DAT off; one state for all of its CPUs, a lock.
 */
#include "keys.h"
#include "nested.h"

#define PAGE_MASK	(~(GUEST_PAGE - 1))
#define WORDS		(GUEST_PAGE / sizeof(unsigned long))

/* Lowcore */
#define LC_TEID		0xa8
#define LC_PGM_NEW	0x1d0
#define LC_OLD_NEW	0x330	/* sie.S */

/* Region and segment tables: 2048 entries */
#define CRST_SIZE	0x4000UL
#define ENTRY_INVALID	0x20UL
#define ENTRY_LENGTH	3UL
#define ASCE_REAL	0x20UL

/* State description: the parts of it that are used */
struct scb {
	unsigned int cpuflags;		/* 0x00 */
	unsigned int prefix;		/* 0x04 */
	unsigned char unused08[0x48];
	unsigned char icptcode;		/* 0x50 */
	unsigned char icptstatus;
	unsigned short ihcpu;		/* 0x52 */
	unsigned char unused54[2];
	unsigned short ipa;		/* 0x56 */
	unsigned int ipb;		/* 0x58 */
	unsigned char unused5c[0x24];
	unsigned long mso, msl;		/* 0x80 */
	unsigned long psw_mask, psw_addr;	/* 0x90 */
	unsigned long gg14, gg15;	/* 0xa0 */
	unsigned char unusedb0[0x50];
	unsigned long cr[16];		/* 0x100 */
	unsigned char unused180[0x80];
};

_Static_assert(__builtin_offsetof(struct scb, ipa) == 0x56, "scb");
_Static_assert(__builtin_offsetof(struct scb, mso) == 0x80, "scb");
_Static_assert(__builtin_offsetof(struct scb, cr) == 0x100, "scb");
_Static_assert(sizeof(struct scb) == 512, "scb");

#define CPUFLAG_ZARCH	0x800U
#define CPUFLAG_SM	0x080U	/* no storage limits */
#define ICPT_INST	4
#define NEVER_RAN	0xffff

enum { NR_GPRS = 14 };

unsigned long sie(struct scb *scb, unsigned long *gprs);
void sie_program(void);
int own_job(unsigned long job, unsigned long from, unsigned long pages, unsigned long arg,
	    struct guest_ctl *ctl);

static struct nest_state *const state = (void *)NEST_STATE;

static inline volatile unsigned long *word(unsigned long addr)
{
	/* Low addresses are memory like any other here. */
	asm("" : "+r" (addr));
	return (volatile unsigned long *)addr;
}

static inline void ipte(unsigned long table, unsigned long addr)
{
	asm volatile("ipte %0,%1" : : "a" (table), "a" (addr) : "memory");
}

static void lock(void)
{
	while (!__sync_bool_compare_and_swap(&state->lock, 0, 1))
		;
}

static void unlock(void)
{
	__sync_synchronize();
	*(volatile unsigned long *)&state->lock = 0;
}

/* The page table entry of a page of the nested guest. */
static volatile unsigned long *pte_of(unsigned long addr)
{
	return word(NEST_TABLES + addr / GUEST_PAGE * sizeof(unsigned long));
}

static unsigned long frame_of(unsigned long addr)
{
	return state->levels ? *pte_of(addr) & PAGE_MASK : NEST_MEMORY + (addr & PAGE_MASK);
}

static void fill(unsigned long addr, unsigned long size, unsigned long value)
{
	unsigned long end = addr + size;

	for (; addr < end; addr += sizeof(value))
		*word(addr) = value;
}

/* The only entry used of each region or segment table is the first. */
static int make(unsigned long levels)
{
	unsigned long table = NEST_CRSTS, level, i;

	state->levels = levels;
	if (!levels) {
		state->asce = ASCE_REAL;
		return GUEST_OK;
	}
	for (level = levels; level; level--, table += CRST_SIZE) {
		fill(table, CRST_SIZE, ENTRY_INVALID | (level - 1) << 2);
		if (level > 1)
			*word(table) = (table + CRST_SIZE) | (level - 1) << 2 | ENTRY_LENGTH;
	}
	table -= CRST_SIZE;
	for (i = 0; i < NEST_SIZE / GUEST_SEGMENT; i++)
		word(table)[i] = NEST_TABLES + i * GUEST_PAGE / 2;
	for (i = 0; i < NEST_PAGES; i++)
		*pte_of(i * GUEST_PAGE) = NEST_MEMORY + i * GUEST_PAGE;
	state->asce = NEST_CRSTS | (levels - 1) << 2 | ENTRY_LENGTH;
	return GUEST_OK;
}

static void invalidate(unsigned long addr)
{
	ipte(NEST_TABLES + addr / GUEST_SEGMENT * (GUEST_PAGE / 2), addr);
}

static void move_page(unsigned long addr)
{
	unsigned long old, new, i;

	lock();
	old = frame_of(addr);
	new = old ^ NEST_MEMORY ^ NEST_SPARE;
	invalidate(addr);
	for (i = 0; i < WORDS; i++)
		word(new)[i] = word(old)[i];
	sske(new, iske(old));
	/* Who still goes to the old frame will see it. */
	fill(old, GUEST_PAGE, 0xdeaddeaddeaddeadUL);
	sske(old, 0);
	*pte_of(addr) = new;
	state->moves++;
	unlock();
}

/* So that the others get the lock, and somewhere. */
static void rest(void)
{
	unsigned int i;

	for (i = 0; i < 50000; i++)
		asm volatile("");
}

static void hide_page(unsigned long addr)
{
	lock();
	invalidate(addr);
	unlock();
}

/* Whether there is such a page: then it is there now. */
static int resolve(unsigned long addr)
{
	volatile unsigned long *pte = pte_of(addr);

	if (!state->levels || addr >= NEST_SIZE)
		return 0;
	lock();
	if (*pte & NEST_INVALID) {
		*pte &= ~NEST_INVALID;
		state->faults++;
	}
	unlock();
	return 1;
}

static unsigned long *reg(struct scb *scb, unsigned long *gprs, unsigned int nr)
{
	return nr == 15 ? &scb->gg15 : nr == 14 ? &scb->gg14 : gprs + nr;
}

/* Key instructions of the nested guest; its data is not in a prefix area. */
static int emulate_key(struct scb *scb, unsigned long *gprs)
{
	unsigned long *r1 = reg(scb, gprs, scb->ipb >> 20 & 15);
	unsigned long addr = *reg(scb, gprs, scb->ipb >> 16 & 15);
	unsigned long frame, cc;
	int known = 1;

	if (addr >= NEST_SIZE)
		return 0;
	lock();
	frame = frame_of(addr);
	switch (scb->ipa) {
	case 0xb229:
		*r1 = (*r1 & ~0xffUL) | iske(frame);
		break;
	case 0xb22b:
		sske(frame, *r1);
		break;
	case 0xb22a:
		cc = rrbe(frame);
		scb->psw_mask = (scb->psw_mask & ~(3UL << 44)) | cc << 44;
		break;
	default:
		known = 0;
	}
	unlock();
	return known;
}

static int is_end(struct scb *scb)
{
	return scb->ipa >> 8 == 0x83 && scb->ipb >> 16 == 0x501;
}

static int left(struct scb *scb, unsigned long pgm)
{
	state->icptcode = scb->icptcode;
	state->instruction = (unsigned long)scb->ipa << 32 | scb->ipb;
	state->pgm = pgm;
	return pgm ? NEST_FAULT : NEST_LEFT;
}

/* Until the nested guest ends its job, or cannot go on. */
static int drive(struct scb *scb, unsigned long *gprs)
{
	unsigned long pgm;

	for (;;) {
		pgm = sie(scb, gprs);
		if (pgm) {
			if ((pgm != 0x10 && pgm != 0x11) || !resolve(*word(LC_TEID) & PAGE_MASK))
				return left(scb, pgm);
			continue;
		}
		if (!scb->icptcode)
			continue;
		__sync_fetch_and_add(&state->intercepts, 1);
		if (scb->icptcode != ICPT_INST)
			return left(scb, 0);
		if (is_end(scb))
			return gprs[2];
		if (!emulate_key(scb, gprs))
			return left(scb, 0);
	}
}

static int run_nested(unsigned long job, unsigned long from, unsigned long pages,
		      unsigned long arg, struct guest_ctl *ctl)
{
	unsigned long cpu = ctl - (struct guest_ctl *)GUEST_CTL;
	struct scb *scb = (void *)(NEST_SCBS + cpu * GUEST_PAGE);
	struct guest_ctl *nested = (void *)(frame_of(GUEST_CTL) + (GUEST_CTL & ~PAGE_MASK));
	unsigned long gprs[NR_GPRS] = { 0 };
	int end;

	fill((unsigned long)scb, sizeof(*scb), 0);
	scb->cpuflags = CPUFLAG_ZARCH;
	if (state->levels) {
		scb->cpuflags |= CPUFLAG_SM;
	} else {
		scb->mso = NEST_MEMORY;
		scb->msl = NEST_MEMORY + NEST_SIZE - GUEST_SEGMENT;
	}
	scb->prefix = GUEST_PREFIX(cpu);
	scb->ihcpu = NEVER_RAN;
	scb->cr[0] = 0xe0;
	scb->cr[14] = 0xc2000000;
	scb->psw_mask = *word(frame_of(0));
	scb->psw_addr = *word(frame_of(0) + 8);
	gprs[2] = job;
	gprs[3] = from;
	gprs[4] = pages;
	gprs[5] = arg;
	scb->gg15 = GUEST_STACK(cpu) - 160;
	asm volatile("lctlg 1,1,%0" : : "Q" (state->asce));
	end = drive(scb, gprs);
	ctl->addr = nested[cpu].addr;
	ctl->saw = nested[cpu].saw;
	ctl->want = nested[cpu].want;
	ctl->pgm = nested[cpu].pgm;
	ctl->psw_addr = nested[cpu].psw_addr;
	return end;
}

static int check_page(struct guest_ctl *ctl, unsigned long page, unsigned long seed)
{
	unsigned long i, addr, saw;

	for (i = 0; i < WORDS; i++) {
		addr = page + i * sizeof(long);
		saw = word(frame_of(page))[i];
		if (saw != guest_word(addr, seed))
			return wrong(ctl, GUEST_BAD_DATA, addr, saw, guest_word(addr, seed));
	}
	return GUEST_OK;
}

static int check_key(struct guest_ctl *ctl, unsigned long page, unsigned long want)
{
	unsigned long saw = iske(frame_of(page)) & KEY_BITS;

	return saw == want ? GUEST_OK : wrong(ctl, GUEST_BAD_KEY, page, saw, want);
}

static int each_page(unsigned long job, unsigned long from, unsigned long pages,
		     unsigned long arg, struct guest_ctl *ctl)
{
	unsigned long i, page;
	int end = GUEST_OK;

	for (i = 0; i < pages && !end; i++) {
		page = from + i * GUEST_PAGE;
		switch (job) {
		case NEST_MOVE:
			move_page(page);
			break;
		case NEST_HIDE:
			hide_page(page);
			break;
		case NEST_CHECK:
			end = check_page(ctl, page, arg);
			break;
		case NEST_CHECK_KEYS:
			end = check_key(ctl, page, guest_key(i + arg));
			break;
		default:
			end = GUEST_NO_SUCH_JOB;
		}
	}
	return end;
}

/* From now on SIE may end with a program interruption; others go where they went. */
static void catch_interruptions(void)
{
	if (*word(LC_OLD_NEW))
		return;
	*word(LC_OLD_NEW) = *word(LC_PGM_NEW);
	*word(LC_OLD_NEW + 8) = *word(LC_PGM_NEW + 8);
	*word(LC_PGM_NEW + 8) = (unsigned long)sie_program;
}

int guest_main(unsigned long job, unsigned long from, unsigned long pages, unsigned long arg,
	       struct guest_ctl *ctl)
{
	unsigned long i;

	catch_interruptions();
	if (job == NEST_MAKE)
		return make(from);
	if (job >= NEST_OWN)
		return own_job(job - NEST_OWN, from, pages, arg, ctl);
	if (job < GUEST_JOBS)
		return run_nested(job, from, pages, arg, ctl);
	if (job == NEST_MOVE_ON) {
		while (!*(volatile unsigned long *)&ctl->stop) {
			for (i = 0; i < pages; i++, rest())
				move_page(from + i * GUEST_PAGE);
			(*(volatile unsigned long *)&ctl->rounds)++;
		}
		return GUEST_OK;
	}
	return each_page(job, from, pages, arg, ctl);
}
