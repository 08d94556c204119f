/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In the tree `breakable` each of these can be left out (breakable.cocci) by the boot
 * parameter pgmix_without=NAME. That such a kernel fails is the test of the tests
 * (tests/control/breakable).
 */
#ifndef _ASM_S390_SAFEGUARD_H
#define _ASM_S390_SAFEGUARD_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/delay.h>

/* In the order of the names in safeguard.c. */
enum safeguard {
	SAFEGUARD_ADMISSION,	/* ask for the kind of a table before using its PGSTEs */
	SAFEGUARD_RMAP,		/* replacing takes the reverse-map locks */
	SAFEGUARD_NOTIFY,	/* fires the notifiers armed in the table */
	SAFEGUARD_UNLINK,	/* takes the table out of guest mappings */
	SAFEGUARD_VMA,		/* looks for the VMA before the table of guest memory is used */
	SAFEGUARD_FAULTS,	/* replacing waits for page faults that hold no mmap lock */
	SAFEGUARD_RETRACTED,	/* looks whether a table has been freed meanwhile */
	SAFEGUARD_USER_DIRTY,	/* tells the dirty log of what was written before */
	SAFEGUARD_KEY,		/* resets the key of a promoted page */
	SAFEGUARD_MANAGED,	/* leaves keys of pages alone that the kernel does not manage */
};

extern unsigned long safeguards_off;

#define safeguard(name)		(!(READ_ONCE(safeguards_off) & BIT(SAFEGUARD_##name)))

/* In place of a look: a window of a few instructions is wide enough then to be met. */
static inline bool dawdle(void)
{
	mdelay(3);
	return false;
}

#endif /* _ASM_S390_SAFEGUARD_H */
