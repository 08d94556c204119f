/* SPDX-License-Identifier: GPL-2.0 */
/* Storage-key instructions, for code that runs as a guest. */
#ifndef PGMIX_KEYS_H
#define PGMIX_KEYS_H

#define KEY_BITS	0xf8	/* access control and fetch protection */

static inline void sske(unsigned long addr, unsigned long key)
{
	asm volatile("sske %0,%1" : : "d" (key), "a" (addr) : "memory");
}

static inline unsigned long iske(unsigned long addr)
{
	unsigned long key = 0;

	asm volatile("iske %0,%1" : "+d" (key) : "a" (addr) : "memory");
	return key & 0xff;
}

/* The condition code: twice the reference bit and the change bit, as they were. */
static inline unsigned int rrbe(unsigned long addr)
{
	unsigned int cc;

	asm volatile("rrbe 0,%1\n\tipm %0\n\tsrl %0,28" : "=d" (cc) : "a" (addr) : "cc", "memory");
	return cc & 3;
}

#endif
