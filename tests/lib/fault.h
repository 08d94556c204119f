/* SPDX-License-Identifier: GPL-2.0 */
/* Allocations that fail on purpose (CONFIG_FAULT_INJECTION). */
#ifndef FAULT_H
#define FAULT_H

/* Prepare for fail_nth(); skips the test if the kernel injects no failures. */
void need_failures(void);

/* The n-th allocation of this thread from now on fails. */
void fail_nth(int n);

/* The end of that. Return: was it made, so that it failed? */
int fail_nth_end(void);

/*
 * A setting of both injectors, that of slab objects and that of pages, by its name in
 * debugfs. Return: 0 or -errno; setting it can fail for want of memory, too.
 */
int set_failures(const char *name, long value);

#endif
