// SPDX-License-Identifier: GPL-2.0
/*
 * The small guest: jobs that store, load and use storage keys, and check their own
 * work. Freestanding, runs at real address, DAT off; every job ends by DIAG 0x501.
 */
#include "guest.h"
#include "keys.h"

#define WORDS	(GUEST_PAGE / sizeof(unsigned long))

/* RRBE's condition codes */
enum { NOT_USED = 0, CHANGED = 1, REFERENCED = 2 };

static inline volatile unsigned long *word(unsigned long addr)
{
	return (volatile unsigned long *)addr;
}

static void fill_page(unsigned long page, unsigned long seed)
{
	unsigned long i;

	for (i = 0; i < WORDS; i++)
		word(page)[i] = guest_word(page + i * sizeof(long), seed);
}

static int verify_page(struct guest_ctl *ctl, unsigned long page, unsigned long seed)
{
	unsigned long i, addr;

	for (i = 0; i < WORDS; i++) {
		addr = page + i * sizeof(long);
		if (*word(addr) != guest_word(addr, seed))
			return wrong(ctl, GUEST_BAD_DATA, addr, *word(addr), guest_word(addr, seed));
	}
	return GUEST_OK;
}

static int verify_key(struct guest_ctl *ctl, unsigned long page, unsigned long want)
{
	unsigned long saw = iske(page) & KEY_BITS;

	return saw == want ? GUEST_OK : wrong(ctl, GUEST_BAD_KEY, page, saw, want);
}

static int reference_page(struct guest_ctl *ctl, unsigned long page)
{
	int cc;

	*word(page);
	sske(page, 0x30);	/* R and C off */
	cc = rrbe(page);
	if (cc != NOT_USED)
		return wrong(ctl, GUEST_BAD_REFERENCE, page, cc, NOT_USED);
	*word(page);
	cc = rrbe(page);
	if (cc != REFERENCED)
		return wrong(ctl, GUEST_BAD_REFERENCE, page, cc, REFERENCED);
	*word(page) = page;
	cc = rrbe(page);
	if (cc != (REFERENCED | CHANGED))
		return wrong(ctl, GUEST_BAD_REFERENCE, page, cc, REFERENCED | CHANGED);
	cc = rrbe(page);
	if (cc != CHANGED)
		return wrong(ctl, GUEST_BAD_REFERENCE, page, cc, CHANGED);
	return verify_key(ctl, page, 0x30);
}

/* Every page carries the previous round's pattern and key; check, then give it this round's. */
static int work(struct guest_ctl *ctl, unsigned long from, unsigned long pages, unsigned long flags)
{
	unsigned long round, i, page;
	int end;

	for (round = 0; !*(volatile unsigned long *)&ctl->stop; round++) {
		for (i = 0; i < pages; i++) {
			page = from + i * GUEST_PAGE;
			if (round) {
				end = verify_page(ctl, page, round - 1);
				if (!end && flags & GUEST_WORK_KEYS)
					end = verify_key(ctl, page, guest_key(i + round - 1));
				if (end)
					return end;
			}
			fill_page(page, round);
			if (flags & GUEST_WORK_KEYS)
				sske(page, guest_key(i + round));
		}
		*(volatile unsigned long *)&ctl->rounds = round + 1;
	}
	return GUEST_OK;
}

static int spin(struct guest_ctl *ctl, unsigned long from, unsigned long pages)
{
	unsigned long i;

	while (!*(volatile unsigned long *)&ctl->stop) {
		for (i = 0; i < pages; i++)
			*word(from + i * GUEST_PAGE);
		(*(volatile unsigned long *)&ctl->rounds)++;
	}
	return GUEST_OK;
}

int guest_main(enum guest_job job, unsigned long from, unsigned long pages, unsigned long arg,
	       struct guest_ctl *ctl)
{
	unsigned long i, page;
	int end = GUEST_OK;

	if (job >= GUEST_JOBS)
		return GUEST_NO_SUCH_JOB;
	if (job == GUEST_WORK)
		return work(ctl, from, pages, arg);
	if (job == GUEST_SPIN)
		return spin(ctl, from, pages);

	for (i = 0; i < pages && !end; i++) {
		page = from + i * GUEST_PAGE;
		switch (job) {
		case GUEST_FILL:
			fill_page(page, arg);
			break;
		case GUEST_VERIFY:
			end = verify_page(ctl, page, arg);
			break;
		case GUEST_POKE:
			*word(page) = arg;
			break;
		case GUEST_PEEK:
			if (*word(page) != arg)
				end = wrong(ctl, GUEST_BAD_DATA, page, *word(page), arg);
			break;
		case GUEST_SETKEYS:
			sske(page, guest_key(i + arg));
			break;
		case GUEST_GETKEYS:
			end = verify_key(ctl, page, guest_key(i + arg));
			break;
		case GUEST_REFERENCE:
			end = reference_page(ctl, page);
			break;
		default:
			break;
		}
	}
	return end;
}
