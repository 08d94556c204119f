/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame for test programs in the booted kernel. Prints TAP; runs every test in a
 * fresh process of its own (fork and exec, so that it starts with no VM and no
 * table of the test before), and adds to each test what must hold after all of
 * them: a clean kernel log, and all page-table pages given back.
 */
#ifndef PGMIX_TAP_H
#define PGMIX_TAP_H

#include <stddef.h>
#include <unistd.h>

struct test {
	const char *name;	/* says what holds */
	void (*run)(void);
	unsigned int flags;
};

#define NEEDS_KVM	1	/* skipped without /dev/kvm */
#define IN_4K		2	/* the process is executed under vm.allocate_pgste=1 */
#define KEEPS_TABLES	4	/* not asked to give all page tables back */
#define REFUSES		(8 | NEEDS_KVM)	/* under vm.pgste_promote=0: 2K tables stay what they are */

/**
 * tap_main() - the main() of a test program
 *
 * Without arguments all tests; with a number, a name or a pattern, only those. --list
 * prints their names, needs no s390x machine, and fails if there are none.
 * Return: the exit status, 0 if none failed
 */
int tap_main(int argc, char **argv, const struct test *tests, size_t count);

/* A test twice: 2K tables of guest memory are refused, and replaced by PGSTE tables. */
#define BOTH_WAYS(name, run)					\
	{ name ", refusing", run, REFUSES },			\
	{ name ", promoting", run, NEEDS_KVM }

#define TAP_MAIN(tests)								\
	int main(int argc, char **argv)						\
	{									\
		return tap_main(argc, argv, tests, sizeof(tests) / sizeof((tests)[0])); \
	}

/* End the test (also from a thread or a child of it): failed, with what was seen; or skipped. */
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* The same for a child, reported by whoever waits for it: see wait_ok(). */
#define require(cond, ...)		\
	do {				\
		if (!(cond))		\
			fail(__VA_ARGS__); \
	} while (0)

/* How long a test may take: TAP_SECONDS in the environment (a kernel parameter gets there). */
int tap_seconds(void);

/* A line of explanation, "# ...". */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What tap_main() does before the first test with NEEDS_KVM: see there. */
void run_first_guests(void);

/* Wait for a child made by the test; its failure is the test's. */
void wait_ok(int pid);

/**
 * log_mark(), log_find() - did the kernel say it since the mark?
 *
 * Return (log_find): the line (static buffer) that has all words, or NULL; waits up to a second
 */
void log_mark(void);
const char *log_find(const char *word1, const char *word2, const char *word3);

#endif
