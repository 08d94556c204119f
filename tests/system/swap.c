// SPDX-License-Identifier: GPL-2.0
/*
 * Storage keys live in the PGSTE while their page is out on swap, and in the frame's
 * real key while it is in: they must follow the page to whatever frame it gets. And
 * the data of both kinds of table must survive it as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scene.h"

#define LATE		KVM_VM_S390_LATE_MMAP
#define SEGMENTS	4
#define PAGES		(SEGMENTS * 256)
#define GPA		(2 * GUEST_SEGMENT)
#define GFN		(GPA / GUEST_PAGE)
#define SWAP_MIB	64

/* A late machine and its memory of interest, every page of it touched. */
static uint8_t *make_scene(struct machine *m, unsigned long type, int map)
{
	uint8_t *mem;

	swap_on(SWAP_MIB);
	make_machine(m, type, 2 * GUEST_SEGMENT, MAP_SHARED);
	mem = map_segments(SEGMENTS, map);
	put_slot(&m->vm, 1, GPA, mem, SEGMENTS * GUEST_SEGMENT);
	fill_segments(mem, SEGMENTS, 256, 1);
	return mem;
}

/*
 * Swap the pages in again, each to a frame that it did not have: what is freed by
 * swapping out is taken first, by somebody else. In reverse, to be sure.
 */
static void swap_in_elsewhere(uint8_t *mem, const long *pfn)
{
	uint8_t *taken = map_segments(SEGMENTS, MAP_PRIVATE);
	int i, same = 0;

	fill_segments(taken, SEGMENTS, 256, 9);
	for (i = PAGES - 1; i >= 0; i--) {
		(void)*(volatile uint8_t *)(mem + i * GUEST_PAGE);
		same += pfn_of(mem + i * GUEST_PAGE) == pfn[i];
	}
	require(same < PAGES / 2, "%d of %d pages came back to their old frame", same, PAGES);
	munmap(taken, SEGMENTS * GUEST_SEGMENT);
}

static void keys_survive(unsigned long type, int map)
{
	static long pfn[PAGES];
	struct machine m;
	uint8_t *mem;

	mem = make_scene(&m, type, map);
	set_keys(&m.vm, GFN, PAGES, 3);
	remember_frames(mem, PAGES, pfn);
	page_out(mem, SEGMENTS * GUEST_SEGMENT);
	check_keys(&m.vm, GFN, PAGES, 3, "swapped out");
	swap_in_elsewhere(mem, pfn);
	check_keys(&m.vm, GFN, PAGES, 3, "swapped in elsewhere");
	check_segments(mem, SEGMENTS, 256, 1, "swapped in elsewhere");

	/* set while out */
	page_out(mem, SEGMENTS * GUEST_SEGMENT);
	set_keys(&m.vm, GFN, PAGES, 5);
	check_keys(&m.vm, GFN, PAGES, 5, "set while out");
	check_segments(mem, SEGMENTS, 256, 1, "keys set while out");
	check_keys(&m.vm, GFN, PAGES, 5, "set while out, then in");
	machine_destroy(&m);
	munmap(mem, SEGMENTS * GUEST_SEGMENT);
	swap_off();
}

static void shared_late(void)
{
	keys_survive(LATE, MAP_SHARED);
}

static void private_late(void)
{
	keys_survive(LATE, MAP_PRIVATE);
}

static void shared_all(void)
{
	keys_survive(0, MAP_SHARED);
}

static void private_all(void)
{
	keys_survive(0, MAP_PRIVATE);
}

/* swapoff puts pages in by another way than a fault does. */
static void swapoff_brings_keys_back(void)
{
	struct machine m;
	uint8_t *mem;

	mem = make_scene(&m, LATE, MAP_PRIVATE);
	set_keys(&m.vm, GFN, PAGES, 7);
	page_out(mem, SEGMENTS * GUEST_SEGMENT);
	swap_off();
	check_keys(&m.vm, GFN, PAGES, 7, "after swapoff");
	check_segments(mem, SEGMENTS, 256, 1, "after swapoff");
	machine_destroy(&m);
	munmap(mem, SEGMENTS * GUEST_SEGMENT);
}

static void guest_sees_its_keys_again(void)
{
	static long pfn[PAGES];
	struct machine m;
	uint8_t *mem;
	int i;

	mem = make_scene(&m, LATE, MAP_SHARED);
	run_job(&m, GUEST_FILL, GPA, PAGES, 11);
	run_job(&m, GUEST_SETKEYS, GPA, PAGES, 11);
	for (i = 0; i < 2; i++) {
		remember_frames(mem, PAGES, pfn);
		page_out(mem, SEGMENTS * GUEST_SEGMENT);
		if (i)
			swap_in_elsewhere(mem, pfn);
		run_job(&m, GUEST_GETKEYS, GPA, PAGES, 11);
		run_job(&m, GUEST_VERIFY, GPA, PAGES, 11);
		check_keys(&m.vm, GFN, PAGES, 11, "after the guest");
	}
	machine_destroy(&m);
	munmap(mem, SEGMENTS * GUEST_SEGMENT);
	swap_off();
}

/* Reference and change bits of pages in memory, out, and back: nothing set is lost. */
static void reference_and_change_survive(void)
{
	uint8_t before[PAGES], out[PAGES], in[PAGES];
	struct machine m;
	uint8_t *mem;
	int i, rc;

	mem = make_scene(&m, LATE, MAP_PRIVATE);
	for (i = 0; i < PAGES; i++)
		before[i] = guest_key(i) | (i & 3) << 1;	/* R is 4, C is 2 */
	rc = vm_set_keys(&m.vm, GFN, PAGES, before);
	require(!rc, "SET_SKEYS: %s", strerror(-rc));
	rc = vm_get_keys(&m.vm, GFN, PAGES, before);
	require(!rc, "GET_SKEYS: %d", rc);
	page_out(mem, SEGMENTS * GUEST_SEGMENT);
	rc = vm_get_keys(&m.vm, GFN, PAGES, out);
	require(!rc, "GET_SKEYS: %d", rc);
	check_segments(mem, SEGMENTS, 256, 1, "swapped in");
	rc = vm_get_keys(&m.vm, GFN, PAGES, in);
	require(!rc, "GET_SKEYS: %d", rc);
	for (i = 0; i < PAGES; i++)
		require((before[i] & ~out[i]) == 0 && (out[i] & ~in[i]) == 0 &&
			((before[i] ^ in[i]) & 0xf8) == 0,
			"page %d: key 0x%02x, out 0x%02x, in again 0x%02x", i, before[i], out[i], in[i]);
	machine_destroy(&m);
	munmap(mem, SEGMENTS * GUEST_SEGMENT);
	swap_off();
}

/* Memory of both kinds of table in one process, none of it the guest's. */
static void data_behind_both_kinds_survives(void)
{
	uint8_t *old, *new, *keys_of;
	struct machine m;
	int i;

	old = map_segments(SEGMENTS, MAP_PRIVATE);
	fill_segments(old, SEGMENTS, 256, 21);
	keys_of = make_scene(&m, LATE, MAP_PRIVATE);
	new = map_segments(SEGMENTS, MAP_PRIVATE);
	fill_segments(new, SEGMENTS, 256, 22);
	set_keys(&m.vm, GFN, PAGES, 3);
	for (i = 0; i < 3; i++) {
		page_out(old, SEGMENTS * GUEST_SEGMENT);
		page_out(new, SEGMENTS * GUEST_SEGMENT);
		page_out(keys_of, SEGMENTS * GUEST_SEGMENT);
		check_segments(old, SEGMENTS, 256, 21, "behind 2K tables");
		check_segments(new, SEGMENTS, 256, 22, "behind 4K tables");
		check_keys(&m.vm, GFN, PAGES, 3, "guest");
	}
	machine_destroy(&m);
	munmap(old, SEGMENTS * GUEST_SEGMENT);
	munmap(new, SEGMENTS * GUEST_SEGMENT);
	munmap(keys_of, SEGMENTS * GUEST_SEGMENT);
	swap_off();
}

static const struct test tests[] = {
	{ "keys of shared memory survive swap, into other frames", shared_late, REFUSES },
	{ "keys of private memory survive swap, into other frames", private_late, REFUSES },
	{ "the same where all tables are 4K, shared", shared_all, REFUSES | IN_4K },
	{ "the same where all tables are 4K, private", private_all, REFUSES | IN_4K },
	{ "swapoff brings keys back with their pages", swapoff_brings_keys_back, REFUSES },
	{ "a guest sees its keys and data again after swap", guest_sees_its_keys_again, REFUSES },
	{ "reference and change bits survive swap", reference_and_change_survive, REFUSES },
	{ "data behind both kinds of table survives swap", data_behind_both_kinds_survives, REFUSES },
};

TAP_MAIN(tests)
