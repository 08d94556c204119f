/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of page table replacement have in common.
 */
#ifndef PGMIX_REPLACE_H
#define PGMIX_REPLACE_H

#include <pthread.h>

#include "../system/scene.h"

/* Counters of the kernel: tables replaced since boot. */
long promoted(void);
long demoted(void);
long relocated(void);

/* vm.pgste_promote */
void set_promote(int on);

/* Move the page tables of a range of a process (0: this one). */
void relocate(pid_t pid, unsigned long start, unsigned long end);

/* Write, read, set and read keys of a range of guest memory. */
void use_old_memory_again(struct machine *m, uint64_t gpa, unsigned long pages);

/* A vCPU in a thread, rewriting and checking memory and keys until told to stop. */
struct guest_thread {
	pthread_t thread;
	struct machine *m;
	int result;
};

void guest_thread_start(struct guest_thread *guest, struct machine *m, uint64_t gpa,
			unsigned long pages);
/* Fails the test if the guest has seen anything wrong. */
void guest_thread_end(struct guest_thread *guest);

#endif
