// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_GET_DIRTY_LOG while page tables come and go: what the guest wrote is in the log,
 * whichever table it wrote through, and reading the log makes no table.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replace.h"

#define PAGES		256	/* of a segment */
#define SEGMENTS	8
#define ALL_PAGES	(SEGMENTS * PAGES)
#define GPA		(8 * GUEST_SEGMENT)
#define SIZE		(SEGMENTS * GUEST_SEGMENT)
#define ROUNDS		20	/* without the fix three are enough */

typedef uint8_t bitmap_t[ALL_PAGES / 8] __attribute__((aligned(8)));

static void log_slot(struct machine *m, unsigned int slot, uint64_t gpa, void *hva, size_t size)
{
	int rc = vm_slot(&m->vm, slot, gpa, hva, size, KVM_MEM_LOG_DIRTY_PAGES);

	require(!rc, "memory slot %u: %s", slot, strerror(-rc));
}

/* A machine and the memory of its slot 1, at GPA, which is logged. */
static uint8_t *make_logged(struct machine *m)
{
	uint8_t *mem;

	make_machine(m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	mem = map_segments(SEGMENTS, MAP_SHARED);
	log_slot(m, 1, GPA, mem, SIZE);
	return mem;
}

static void read_log(struct machine *m, unsigned int slot, void *bitmap)
{
	int rc = vm_dirty_log(&m->vm, slot, bitmap);

	require(!rc, "KVM_GET_DIRTY_LOG: %s", strerror(-rc));
}

static void expect_log(struct machine *m, unsigned int slot, int pages, int written,
		       const char *when)
{
	int i, wrong = 0, first = 0;
	bitmap_t bitmap = { };

	read_log(m, slot, bitmap);
	for (i = 0; i < pages; i++)
		if (is_dirty(bitmap, i) != written && !wrong++)
			first = i;
	require(!wrong, "%s: %d of %d pages %s in the log of slot %u, first page %d", when, wrong,
		pages, written ? "were written and are not" : "were not written and are", slot,
		first);
}

/* Before the log call, after it, and twice: the guest does not touch the memory in between. */
static void relocation_hides_no_write(void)
{
	struct machine m;
	uint8_t *mem;

	mem = make_logged(&m);
	run_job(&m, GUEST_POKE, GPA, ALL_PAGES, 1);
	relocate(0, (uintptr_t)mem, (uintptr_t)mem + SIZE);
	expect_log(&m, 1, ALL_PAGES, 1, "after a relocation");
	relocate(0, (uintptr_t)mem, (uintptr_t)mem + SIZE);
	expect_log(&m, 1, ALL_PAGES, 0, "after a relocation of clean memory");
	run_job(&m, GUEST_POKE, GPA, ALL_PAGES, 2);
	relocate(0, (uintptr_t)mem, (uintptr_t)mem + SIZE);
	relocate(0, (uintptr_t)mem, (uintptr_t)mem + SIZE);
	expect_log(&m, 1, ALL_PAGES, 1, "after two relocations");
	machine_destroy(&m);
	munmap(mem, SIZE);
}

/* Neighbours in the process, far apart in the guest; and the other way round. */
static void slot_has_its_own_log(void)
{
	struct machine m;
	uint8_t *mem;

	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	mem = map_segments(SEGMENTS, MAP_SHARED);
	log_slot(&m, 1, GPA, mem, SIZE / 2);
	log_slot(&m, 2, 4 * GPA, mem + SIZE / 2, SIZE / 2);
	run_job(&m, GUEST_POKE, GPA, ALL_PAGES / 2, 1);
	run_job(&m, GUEST_POKE, 4 * GPA, ALL_PAGES / 2, 1);
	expect_log(&m, 1, ALL_PAGES / 2, 1, "written");
	expect_log(&m, 2, ALL_PAGES / 2, 1, "written, the other read");
	expect_log(&m, 1, ALL_PAGES / 2, 0, "read before");
	expect_log(&m, 2, ALL_PAGES / 2, 0, "read before");
	machine_destroy(&m);
	munmap(mem, SIZE);
}

/* Memory at two guest addresses was written at both, whichever log is read first. */
static void log_of_memory_in_two_slots(void)
{
	struct machine m;
	uint8_t *mem;

	mem = make_logged(&m);
	log_slot(&m, 2, 4 * GPA, mem, SIZE);
	run_job(&m, GUEST_POKE, GPA, ALL_PAGES, 1);
	expect_log(&m, 2, ALL_PAGES, 1, "written at the other address");
	expect_log(&m, 1, ALL_PAGES, 1, "written, the other read");
	expect_log(&m, 2, ALL_PAGES, 0, "read before");
	machine_destroy(&m);
	munmap(mem, SIZE);
}

struct reader {
	pthread_t thread;
	struct machine *m;
	volatile int stop;
	volatile unsigned long calls;
};

static void *read_until_told(void *arg)
{
	struct reader *reader = arg;
	bitmap_t bitmap;

	while (!reader->stop) {
		read_log(reader->m, 1, bitmap);
		reader->calls++;
	}
	return NULL;
}

/* The tables go away while the log is being read, and the guest needs new ones. */
static void unmapped_memory_gets_no_table_from_the_log(void)
{
	struct reader reader = { };
	struct machine m;
	uint8_t *mem;
	int round, i;

	mem = make_logged(&m);
	reader.m = &m;
	require(!pthread_create(&reader.thread, NULL, read_until_told, &reader), "no thread");
	for (round = 1; round <= ROUNDS; round++) {
		unsigned long calls = reader.calls;

		/* Each segment is linked. Not all of it: the reader makes every page fault again. */
		for (i = 0; i < SEGMENTS; i++)
			run_job(&m, GUEST_POKE, GPA + i * GUEST_SEGMENT, 8, round);
		while (reader.calls == calls)
			sched_yield();
		require(!munmap(mem, SIZE), "munmap: %s", strerror(errno));
		require(guest_memory_at(mem, SIZE, MAP_SHARED) == mem, "mmap: %s", strerror(errno));
	}
	reader.stop = 1;
	pthread_join(reader.thread, NULL);
	run_job(&m, GUEST_FILL, GPA, ALL_PAGES, round);
	run_job(&m, GUEST_VERIFY, GPA, ALL_PAGES, round);
	expect_log(&m, 1, ALL_PAGES, 1, "after all");
	note("%lu logs read", reader.calls);
	machine_destroy(&m);
	munmap(mem, SIZE);
}

/* What is between the VMAs of a segment is not in the way of the rest of it. */
static void log_of_memory_with_gaps(void)
{
	bitmap_t bitmap = { };
	struct machine m;
	uint8_t *mem;
	int i;

	mem = make_logged(&m);
	run_job(&m, GUEST_POKE, GPA, ALL_PAGES, 1);
	/* The first half of one segment, the second of another, all of a third. */
	munmap(mem + GUEST_SEGMENT, GUEST_SEGMENT / 2);
	munmap(mem + 2 * GUEST_SEGMENT + GUEST_SEGMENT / 2, GUEST_SEGMENT / 2);
	munmap(mem + 4 * GUEST_SEGMENT, GUEST_SEGMENT);
	read_log(&m, 1, bitmap);
	for (i = 0; i < ALL_PAGES; i++) {
		int half = i / (PAGES / 2);

		if (half == 2 || half == 5 || half == 8 || half == 9)
			continue;
		require(is_dirty(bitmap, i), "page %d was written and is not in the log", i);
	}
	machine_destroy(&m);
	munmap(mem, SIZE);
}

static const struct test tests[] = {
	{ "a relocation hides no write from the dirty log", relocation_hides_no_write, NEEDS_KVM },
	{ "each memory slot has its own dirty log", slot_has_its_own_log, NEEDS_KVM },
	{ "memory in two slots is in the log of both", log_of_memory_in_two_slots, NEEDS_KVM },
	{ "reading the dirty log makes no page table for memory that is being unmapped",
	  unmapped_memory_gets_no_table_from_the_log, NEEDS_KVM },
	{ "what is left of a segment is in the dirty log", log_of_memory_with_gaps, NEEDS_KVM },
};

TAP_MAIN(tests)
