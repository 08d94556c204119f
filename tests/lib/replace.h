/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of page table replacement have in common.
 */
#ifndef PGMIX_REPLACE_H
#define PGMIX_REPLACE_H

#include <pthread.h>

#include "scene.h"

/* Counters of the kernel, /sys/kernel/mm/pgste/@name: tables replaced since boot. */
long counter(const char *name);
long promoted(void);
long demoted(void);
long relocated(void);

/* vm.pgste_promote */
void set_promote(int on);

/* Move the page tables of a range of a process (0: this one). */
void relocate(pid_t pid, unsigned long start, unsigned long end);

/* A thread that moves the page tables of a range of this process, over and over. */
struct mover {
	pthread_t thread;
	void *mem;
	size_t size;
	volatile int stop;
};

void mover_start(struct mover *mover, void *mem, size_t size);
void mover_end(struct mover *mover);

/*
 * The same for memory of this process, with the n-th allocation failing. Return: 1 if
 * there were not so many, so that all tables moved; 0 if one failed.
 */
int relocate_failing(int n, void *mem, size_t size);

/* Write, read, set and read keys of a range of guest memory. */
void use_old_memory_again(struct machine *m, uint64_t gpa, unsigned long pages);

/* KVM_GET_DEVICE_ATTR of the KVM_S390_VM_MEM_CTRL group. */
int vm_mem_attr_get(struct vm *vm, uint64_t attr, uint64_t *value);

/* A vCPU in a thread, rewriting and checking memory and keys until told to stop. */
struct guest_thread {
	pthread_t thread;
	struct machine *m;
	int result;
	volatile int ended;
};

void guest_thread_start(struct guest_thread *guest, struct machine *m, uint64_t gpa,
			unsigned long pages);
/* Fails the test if the guest has seen anything wrong. */
void guest_thread_end(struct guest_thread *guest);

#endif
