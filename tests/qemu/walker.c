// SPDX-License-Identifier: GPL-2.0
/*
 * The walker, a guest that can tell whether it has been carried over whole. In rounds,
 * for ever: it compares all its pages, a quarter of their storage keys, and every kind of
 * register with what they must be; writes some pages and sets their keys anew; prints a
 * line. What must be in a page is computed from the number of the round and never read
 * back, so an old page is noticed like a wrong one. Freestanding, DAT off, no interrupts.
 */
#include "walker.h"

typedef unsigned long u64;

#define PREFIX		0x400000UL
#define MARK		0x1200			/* offset in the lowcore, nobody's */
#define KEY_ROUNDS	4			/* to look at each storage key */

/* --- console: the SCLP's ASCII events --------------------------------------- */

#define SCLP_WRITE_EVENT	0x00760005
#define SCLP_SET_EVENT_MASK	0x00780005
#define EVENT_ASCII		0x1a

static struct {
	unsigned short length;
	unsigned char function, control[3];
	unsigned short response;
	union {
		struct {
			unsigned short reserved, mask_length;
			unsigned int receive, send, sclp_receive, sclp_send;
		} mask;
		struct {
			unsigned short length;
			unsigned char type, flags;
			unsigned short reserved;
			char text[200];
		} __attribute__((packed)) event;
	};
} __attribute__((packed, aligned(4096))) sccb;

static void service_call(unsigned int command)
{
	int cc;

	do {
		asm volatile(".insn rre,0xb2200000,%1,%2\n\tipm %0\n\tsrl %0,28"
			     : "=d" (cc) : "d" (command), "a" (&sccb) : "cc", "memory");
	} while (cc == 2);
}

static void console_on(void)
{
	sccb.length = 8 + 20;
	sccb.mask.mask_length = 4;
	sccb.mask.send = 0x80000000u >> (EVENT_ASCII - 1);
	service_call(SCLP_SET_EVENT_MASK);
}

static char *put(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_hex(char *to, u64 n)
{
	int shift = 60;

	while (shift && !(n >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[n >> shift & 15];
	return to;
}

/* "what a b c" */
static void print(const char *what, u64 a, u64 b, u64 c)
{
	char *to = put(sccb.event.text, what);

	to = put_hex(put(to, " "), a);
	to = put_hex(put(to, " "), b);
	to = put_hex(put(to, " "), c);
	*to++ = '\n';
	sccb.function = 0;
	sccb.response = 0;
	sccb.event.length = to - (char *)&sccb.event;
	sccb.event.type = EVENT_ASCII;
	sccb.event.flags = 0;
	sccb.length = 8 + sccb.event.length;
	service_call(SCLP_WRITE_EVENT);
}

extern void stopped(void) __attribute__((noreturn));

/* The test program looks for "BAD". */
static void bad(const char *what, u64 where, u64 saw, u64 want)
{
	print(what, where, saw, want);
	stopped();
}

void program_check(u64 code, u64 address);
void program_check(u64 code, u64 address)
{
	volatile u64 *gr = (volatile u64 *)SAVED_REGISTERS;

	print("BAD program check, registers 0 to 5:", gr[0], gr[1], gr[2]);
	print("", gr[3], gr[4], gr[5]);
	bad("BAD program check", code, address, *(volatile u64 *)(address & -8));
}

/* --- memory and storage keys ------------------------------------------------ */

static u64 *page(u64 n)
{
	return (u64 *)(WALKER_AREA + n * 4096);
}

static void write_page(u64 n, u64 round)
{
	u64 i;

	for (i = 0; i < WALKER_WORDS; i++)
		page(n)[i] = walker_word(n, round, i);
	asm volatile("sske %0,%1" : : "d" (walker_key(n, round)), "a" (page(n)) : "memory");
}

static void check_page(u64 n, u64 round)
{
	u64 i;

	for (i = 0; i < WALKER_WORDS; i++)
		if (page(n)[i] != walker_word(n, round, i))
			bad("BAD word: page, word, is", n, i, page(n)[i]);
}

static void check_key(u64 n, u64 round)
{
	u64 saw = 0;

	asm volatile("iske %0,%1" : "+d" (saw) : "a" (page(n)) : "memory");
	if ((saw & WALKER_KEY_BITS) != walker_key(n, round))
		bad("BAD key: page, is, must be", n, saw & 0xff, walker_key(n, round));
}

/* --- registers -------------------------------------------------------------- */



struct registers {
	u64 floating[16];
	unsigned int access[16];
	u64 control[16];
	u64 comparator;
	unsigned int fpc, prefix;
};

static struct registers set, now;

static void store_registers(struct registers *r)
{
#define STD(n) "std " #n ",8*" #n "(%0)\n\t"
	asm volatile(STD(0) STD(1) STD(2) STD(3) STD(4) STD(5) STD(6) STD(7) STD(8) STD(9)
		     STD(10) STD(11) STD(12) STD(13) STD(14) STD(15)
		     : : "a" (r->floating) : "memory");
	asm volatile("stam 0,15,0(%0)" : : "a" (r->access) : "memory");
	asm volatile("stctg 0,15,0(%0)" : : "a" (r->control) : "memory");
	asm volatile("stckc %0" : "=Q" (r->comparator));
	asm volatile("stfpc %0" : "=Q" (r->fpc));
	asm volatile("stpx %0" : "=Q" (r->prefix));
}

static void set_registers(void)
{
	u64 cr0, i;

	asm volatile("stctg 0,0,%0" : "=Q" (cr0));
	cr0 |= 1UL << 18;	/* additional floating-point registers */
	asm volatile("lctlg 0,0,%0" : : "Q" (cr0));
	store_registers(&set);
	for (i = 0; i < 16; i++) {
		set.floating[i] = walker_word(i, 1, 1);
		set.access[i] = walker_word(i, 2, 2) >> 32;
	}
	set.control[1] = 0x1111111111111000;
	set.control[7] = 0x7777777777777000;
	set.control[10] = 0x0aaaaaaaaaaaaaaa;
	set.control[11] = 0x0bbbbbbbbbbbbbbb;
	set.control[13] = 0x3333333333333000;
	set.comparator = 0xfedcba9876543000;
	set.fpc = 0x00000002;	/* a rounding mode */
	set.prefix = PREFIX;

#define LD(n) "ld " #n ",8*" #n "(%0)\n\t"
	asm volatile(LD(0) LD(1) LD(2) LD(3) LD(4) LD(5) LD(6) LD(7) LD(8) LD(9)
		     LD(10) LD(11) LD(12) LD(13) LD(14) LD(15)
		     : : "a" (set.floating), "m" (set));
	asm volatile("lam 0,15,0(%0)" : : "a" (set.access), "m" (set));
	asm volatile("lctlg 1,1,%0" : : "Q" (set.control[1]));
	asm volatile("lctlg 7,7,%0" : : "Q" (set.control[7]));
	asm volatile("lctlg 10,10,%0" : : "Q" (set.control[10]));
	asm volatile("lctlg 11,11,%0" : : "Q" (set.control[11]));
	asm volatile("lctlg 13,13,%0" : : "Q" (set.control[13]));
	asm volatile("sckc %0" : : "Q" (set.comparator));
	asm volatile("lfpc %0" : : "Q" (set.fpc));
	for (i = 0; i < 8192 / sizeof(u64); i++)
		((u64 *)PREFIX)[i] = ((volatile u64 *)0)[i];
	asm volatile("spx %0" : : "Q" (set.prefix) : "memory");
	*(volatile u64 *)MARK = ~PREFIX;
}

static void check_registers(void)
{
	u64 i;

	store_registers(&now);
	for (i = 0; i < 16; i++) {
		if (now.floating[i] != set.floating[i])
			bad("BAD floating-point register", i, now.floating[i], set.floating[i]);
		if (now.access[i] != set.access[i])
			bad("BAD access register", i, now.access[i], set.access[i]);
		if (now.control[i] != set.control[i])
			bad("BAD control register", i, now.control[i], set.control[i]);
	}
	if (now.comparator != set.comparator)
		bad("BAD clock comparator", 0, now.comparator, set.comparator);
	if (now.fpc != set.fpc)
		bad("BAD floating-point control", 0, now.fpc, set.fpc);
	if (now.prefix != set.prefix || *(volatile u64 *)MARK != ~PREFIX)
		bad("BAD prefix", now.prefix, *(volatile u64 *)MARK, ~PREFIX);
}

/* The clock goes on, the CPU timer goes down. */
static u64 check_clocks(void)
{
	static u64 last_tod;
	static long last_timer = 0x7fffffffffffffff;
	long timer;
	u64 tod;

	asm volatile("stck %0" : "=Q" (tod) : : "cc");
	asm volatile("stpt %0" : "=Q" (timer));
	if (tod <= last_tod)
		bad("BAD clock went back", 0, tod, last_tod);
	if (timer >= last_timer)
		bad("BAD CPU timer went up", 0, timer, last_timer);
	last_tod = tod;
	last_timer = timer;
	return tod;
}

void walk(void);
void walk(void)
{
	u64 round, n, tod;
	long timer = 0x7000000000000000;

	console_on();
	set_registers();
	asm volatile("spt %0" : : "Q" (timer));
	for (n = 0; n < WALKER_PAGES; n++)
		write_page(n, walker_written(n, WALKER_TURN));

	for (round = WALKER_TURN + 1; ; round++) {
		for (n = 0; n < WALKER_PAGES; n++) {
			check_page(n, walker_written(n, round - 1));
			if (walker_written(n, round) == round || n % KEY_ROUNDS == round % KEY_ROUNDS)
				check_key(n, walker_written(n, round - 1));
			if (walker_written(n, round) == round)
				write_page(n, round);
		}
		check_registers();
		tod = check_clocks();
		print("round", round, WALKER_PAGES, tod);
	}
}
