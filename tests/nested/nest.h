/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine whose guest is the small hypervisor (nested.h). Everything ends the test
 * if it cannot.
 */
#ifndef PGMIX_NEST_H
#define PGMIX_NEST_H

#include <errno.h>
#include <pthread.h>

#include "replace.h"
#include "nested.h"

#define NEST_CPUS	2

struct nest {
	struct vm vm;
	struct vcpu cpu[NEST_CPUS];
	uint8_t *mem;		/* of the hypervisor, NEST_TOTAL bytes */
	struct nest_state *state;
};

/* Address spaces of nested guests: the kernel's counters. */
struct shadows {
	long built, reused, removed;
};

/**
 * nest_create() - a VM of type 0 with the hypervisor and its guest loaded
 * @levels: of tables above the nested guest's page tables; 0: a real-space designation
 *
 * Half of the memory is in use before the VM exists, half is first used later.
 */
void nest_create(struct nest *n, int levels);
/* With KVM_VM_S390_LATE_MMAP; used before is a segment of the nested guest's data. */
void nest_create_late(struct nest *n, int levels);
void nest_destroy(struct nest *n);

/* A job, enum guest_job for the nested guest or enum nest_job, that ends well. */
void nest_do(struct nest *n, unsigned long job, uint64_t from, unsigned long pages,
	     unsigned long arg);

/* Where the hypervisor has a page of the nested guest, and the process that page. */
uint64_t nest_gpa(struct nest *n, unsigned long page);
uint8_t *nest_page(struct nest *n, unsigned long page);

/* Compare pages of the nested guest, and their keys, as this process sees them. */
void nest_check(struct nest *n, uint64_t from, unsigned long pages, unsigned long seed,
		const char *when);
void nest_check_keys(struct nest *n, uint64_t from, unsigned long pages, unsigned long seed,
		     const char *when);

/* A CPU of the machine in a thread of its own, in a job that ends when it is told to. */
struct nest_thread {
	pthread_t thread;
	struct nest *n;
	unsigned int cpu;
	unsigned long job, pages, arg;
	uint64_t from;
	volatile int result;	/* NEST_RUNNING until it ends */
};

#define NEST_RUNNING	(-EINPROGRESS)

void nest_start(struct nest_thread *t, struct nest *n, unsigned int cpu, unsigned long job,
		uint64_t from, unsigned long pages, unsigned long arg);
/* Fails the test with the reason if the job has ended. */
void nest_expect_running(struct nest_thread *t);
/* Rounds it has done by now. */
unsigned long nest_rounds(struct nest_thread *t);
/* Fails the test if it saw anything wrong, or did no round. */
void nest_stop(struct nest_thread *t);

struct shadows shadows_now(void);

#endif
