// SPDX-License-Identifier: GPL-2.0
/*
 * Rule R1: no PGSTE is written behind a 2K table. Many processes hold many 2K tables,
 * side by side in memory, and know every entry of them; then the VMM does what reads
 * or writes PGSTEs, and every neighbour looks again. Without admission
 * (KERNEL=breakable) these tests are the ones that see the damage.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "scene.h"

#define LATE		KVM_VM_S390_LATE_MMAP
#define PROCESSES	8
#define SEGMENTS	16
#define EARLY		16	/* segments of guest memory touched before the VM */
#define EARLY_GPA	(8 * GUEST_SEGMENT)
#define PAGES		256

static struct canaries *canaries;
static uint8_t *early;

/* Tables of everyone and of the early guest memory, made in turn. */
static void make_scene(struct machine *m)
{
	early = map_segments(EARLY, MAP_SHARED);
	fill_segments(early, EARLY / 2, 4, 1);
	canaries = canaries_make(PROCESSES, SEGMENTS);
	fill_segments(early + EARLY / 2 * GUEST_SEGMENT, EARLY / 2, 4, 1);
	make_machine(m, LATE, 8 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m->vm, 1, EARLY_GPA, early, EARLY * GUEST_SEGMENT);
}

static void look(const char *after)
{
	const char *wrong = canaries_check(canaries);

	require(!wrong, "after %s: %s", after, wrong);
	check_segments(early, EARLY / 2, 4, 1, after);
	check_segments(early + EARLY / 2 * GUEST_SEGMENT, EARLY / 2, 4, 1, after);
}

static void end_scene(struct machine *m)
{
	machine_destroy(m);
	munmap(early, EARLY * GUEST_SEGMENT);
	canaries_end(canaries);
}

static void creating_a_vm(void)
{
	struct machine m;

	make_scene(&m);
	look("KVM_CREATE_VM");
	end_scene(&m);
}

/* The mildest of all: without the question, this one overwrites one entry of one table. */
static void faults_behind_2k_tables(void)
{
	struct machine m;
	int segment;

	make_scene(&m);
	for (segment = 0; segment < SEGMENTS; segment++) {
		canaries_fault(canaries, segment, 5);
		look("a page fault behind a 2K table");
	}
	end_scene(&m);
}

static void enabling_keys_by_ioctl(void)
{
	struct machine m;

	make_scene(&m);
	set_keys(&m.vm, GUEST_DATA / GUEST_PAGE, 16, 1);
	look("SET_SKEYS");
	check_keys(&m.vm, GUEST_DATA / GUEST_PAGE, 16, 1, "keys");
	end_scene(&m);
}

static void enabling_keys_by_guest(void)
{
	struct machine m;

	make_scene(&m);
	run_job(&m, GUEST_SETKEYS, GUEST_DATA, 16, 1);
	look("SSKE");
	run_job(&m, GUEST_GETKEYS, GUEST_DATA, 16, 1);
	end_scene(&m);
}

static void key_ioctls_on_early_memory(void)
{
	uint8_t keys[PAGES];
	struct machine m;
	int i;

	make_scene(&m);
	memset(keys, 0xf0, sizeof(keys));
	for (i = 0; i < EARLY; i++)
		vm_set_keys(&m.vm, (EARLY_GPA + i * GUEST_SEGMENT) / GUEST_PAGE, PAGES, keys);
	look("SET_SKEYS of early memory to 0xf0");
	memset(keys, 0, sizeof(keys));
	for (i = 0; i < EARLY; i++)
		vm_set_keys(&m.vm, (EARLY_GPA + i * GUEST_SEGMENT) / GUEST_PAGE, PAGES, keys);
	look("SET_SKEYS of early memory to 0");
	for (i = 0; i < EARLY; i++)
		vm_get_keys(&m.vm, (EARLY_GPA + i * GUEST_SEGMENT) / GUEST_PAGE, PAGES, keys);
	look("GET_SKEYS of early memory");
	end_scene(&m);
}

static void guest_works_on_early_memory(void)
{
	static const enum guest_job job[] = { GUEST_PEEK, GUEST_SETKEYS, GUEST_GETKEYS };
	static const char *const name[] = { "a guest's loads from early memory",
		"a guest's SSKE on early memory", "a guest's ISKE on early memory" };
	struct machine m;
	int i, j;

	make_scene(&m);
	for (j = 0; j < 3; j++) {
		for (i = 0; i < EARLY; i++)
			guest_do(&m.cpu, job[j], EARLY_GPA + i * GUEST_SEGMENT, 4, 0);
		look(name[j]);
	}
	end_scene(&m);
}

static const struct test tests[] = {
	BOTH_WAYS("creating a VM leaves every neighbouring 2K table as it was", creating_a_vm),
	BOTH_WAYS("so do page faults behind 2K tables", faults_behind_2k_tables),
	BOTH_WAYS("so does enabling keys by SET_SKEYS", enabling_keys_by_ioctl),
	BOTH_WAYS("so does enabling keys by a guest's SSKE", enabling_keys_by_guest),
	BOTH_WAYS("so do key ioctls on memory touched before the VM", key_ioctls_on_early_memory),
	BOTH_WAYS("so does a guest on memory touched before the VM", guest_works_on_early_memory),
};

TAP_MAIN(tests)
