/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random calls: what the parts of the fuzzer have in common. A player is a process that owns VMs
 * and whose threads do random actions on memory and VMs they share; each thread has a
 * stream of numbers of its own, derived from the seed.
 */
#ifndef PGMIX_FUZZ_H
#define PGMIX_FUZZ_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm.h"
#include "tap.h"

#define PAGE		GUEST_PAGE
#define SEGMENT		GUEST_SEGMENT
#define ARENA_SEGMENTS	24		/* where a player's actions happen */
#define ARENA		(ARENA_SEGMENTS * SEGMENT)
#define FILE_SEGMENTS	8		/* of the files that all players share */
#define OWN_SEGMENTS	4		/* memory that a player checks */
#define PLAYERS		3
#define THREADS		3		/* of a player, and one that keeps the others going */
#define FILES		2
#define VMS		2
#define CPUS		3
#define SCRATCH		(64 * 1024)

/* A stream of random numbers (splitmix64). */
struct stream {
	uint64_t state;
};

uint64_t rnd(struct stream *s);

static inline unsigned long below(struct stream *s, unsigned long n)
{
	return rnd(s) % n;
}

static inline int one_in(struct stream *s, unsigned long n)
{
	return !below(s, n);
}

struct stream derive(uint64_t seed, unsigned int a, unsigned int b, unsigned int c);

struct fuzz_vm {
	atomic_int fd, flic, cpu[CPUS];		/* -1: not there */
	int ucontrol;
	struct kvm_run *run[CPUS];		/* at a fixed place, whoever is mapped there */
};

/* What the threads of a player share; nothing of it is locked, races are the purpose. */
struct player {
	int number;
	pid_t pid;
	uint8_t *arena, *own;
	int file[FILES];
	int uffd, pipe[2];
	int kvm;
	size_t run_size;
	struct fuzz_vm vm[VMS];
};

struct worker {
	struct stream random;
	struct player *p;
	unsigned int thread;
	int own_filled;
	uint8_t *mem;			/* of the arena: chosen anew for each action */
	size_t size;
	sigjmp_buf fault;		/* where a SIGSEGV or SIGBUS ends the action */
	const char **doing;		/* shared with the supervisor, for its report */
	atomic_ulong *done;
	uint64_t arg[512];		/* of an ioctl */
	uint8_t signal_stack[16 * 1024];
	uint8_t scratch[SCRATCH];	/* what the argument points to */
};

/*
 * One kind of action and how often it is done, compared with the others. A table of them
 * ends with one without a name.
 */
struct choice {
	const char *name;
	unsigned int weight;
};

struct action {
	struct choice choice;
	void (*run)(struct worker *w);
};

extern struct action mm_actions[], kvm_actions[], machine_actions[];

/* The first of kvm_actions does one of another table of actions, the ioctls: prune these. */
unsigned int prune_calls(const char *of);
/* Set the weight of all of a table to 0 but those asked for. Return: the weight left */
unsigned int prune(void *table, size_t size, const char *of);

/* What a run needs of the machine, and everything as it was. */
void machine_begin(int faults);
void machine_end(int faults);

/* One of a table, by weight; its entries are @size bytes and begin with a choice. */
const void *pick(struct stream *s, const void *table, size_t size);
#define PICK(s, table) pick(s, table, sizeof((table)[0]))

/* Process numbers of all players, 0 if not there. */
extern atomic_int *players;

/* Choose mem and size: pages of the arena, mostly few, or whole segments. */
void choose_range(struct worker *w);

/* Mostly scratch; also the arena and addresses that are nobody's. */
uint64_t some_pointer(struct worker *w);

/* Answer what waits in the player's userfaultfd. */
void uffd_serve(struct player *p);

/**
 * code_make() - random guest instructions
 * @repeatable: only such whose result depends on nothing but the guest and its VMM
 *
 * Return: bytes written, at most @size
 */
size_t code_make(struct stream *s, uint8_t *to, size_t size, int repeatable);

#endif
