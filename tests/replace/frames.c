// SPDX-License-Identifier: GPL-2.0
/*
 * The frames behind guest memory: nothing pins them while the guest runs, and those
 * that the kernel does not manage keep their storage keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/frames.h"
#include "replace.h"

#define SEGMENTS	8
#define PAGES		(SEGMENTS * 256)
#define ROUNDS		5
#define MOST_ROUNDS	200
#define GPA		(16 * GUEST_SEGMENT)
#define SEED		11

static int open_frames(void)
{
	int fd = open(FRAMES_PATH, O_RDWR);

	require(fd >= 0, "%s: %s", FRAMES_PATH, strerror(errno));
	return fd;
}

/*
 * All of the guest's memory, its code and its prefix area too. A page may refuse
 * while an operation holds it, so there are some rounds for each to have moved once.
 */
static void every_page_of_a_running_guest_moves(void)
{
	static long pfn[PAGES];
	unsigned long moved = 0, refused = 0;
	struct guest_thread guest;
	int round, left, fd = open_frames();
	struct machine m;

	make_machine(&m, 0, SEGMENTS * GUEST_SEGMENT, MAP_SHARED);
	remember_frames(m.mem, PAGES, pfn);
	guest_thread_start(&guest, &m, GUEST_DATA, PAGES - 256);
	for (round = 1; round < MOST_ROUNDS; round++) {
		struct frames_migrate range = {
			.start = (unsigned long)m.mem,
			.len = m.size,
		};

		require(!ioctl(fd, FRAMES_MIGRATE, &range), "migrate: %s", strerror(errno));
		moved += range.moved;
		refused += range.refused;
		left = frames_unchanged(m.mem, PAGES, pfn);
		if (!left && round >= ROUNDS && *(volatile unsigned long *)&m.ctl->rounds >= 2)
			break;
	}
	guest_thread_end(&guest);
	note("%d rounds over %d pages under %lu of the guest: %lu moved, %lu refusals, %d never moved",
	     round, PAGES, m.ctl->rounds, moved, refused, left);
	require(!left, "%d pages never moved", left);
	machine_destroy(&m);
	close(fd);
}

static uint8_t *map_frames(int fd, off_t page)
{
	uint8_t *at = map_segments(1, MAP_SHARED);
	void *mem = mmap(at, GUEST_SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 page * GUEST_PAGE);

	require(mem == at, "mmap of unmanaged frames: %s", strerror(errno));
	return at;
}

static void read_keys(int fd, uint8_t *keys)
{
	int i;

	require(pread(fd, keys, 2 * FRAMES_PAGES, 0) == 2 * FRAMES_PAGES, "no keys: %s",
		strerror(errno));
	/* Reference and change are anybody's. */
	for (i = 0; i < 2 * FRAMES_PAGES; i++)
		keys[i] &= 0xf8;
}

/* Guest memory for all purposes, its keys in the PGSTEs only. */
static void use_frames(struct machine *m, int fd)
{
	uint8_t before[2 * FRAMES_PAGES], now[2 * FRAMES_PAGES];
	int i;

	read_keys(fd, before);
	run_job(m, GUEST_FILL, GPA, FRAMES_PAGES, SEED);
	run_job(m, GUEST_SETKEYS, GPA, FRAMES_PAGES, SEED);
	relocate(0, 0, -1UL);
	run_job(m, GUEST_VERIFY, GPA, FRAMES_PAGES, SEED);
	run_job(m, GUEST_GETKEYS, GPA, FRAMES_PAGES, SEED);
	set_keys(&m->vm, GPA / GUEST_PAGE, FRAMES_PAGES, SEED + 1);
	check_keys(&m->vm, GPA / GUEST_PAGE, FRAMES_PAGES, SEED + 1, "of unmanaged frames");
	read_keys(fd, now);
	for (i = 0; i < 2 * FRAMES_PAGES; i++)
		require(now[i] == before[i], "frame %d has key %02x, had %02x", i, now[i],
			before[i]);
}

static void frames_keep_their_keys(off_t page)
{
	int fd = open_frames();
	uint8_t *early, *late;
	struct machine m;

	/* Mapped at once, so with a 2K table. */
	early = map_frames(fd, page);
	make_machine(&m, 0, 4 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, early, GUEST_SEGMENT);
	use_frames(&m, fd);
	put_slot(&m.vm, 1, GPA, early, 0);
	late = map_frames(fd, page);
	put_slot(&m.vm, 2, GPA, late, GUEST_SEGMENT);
	use_frames(&m, fd);
	machine_destroy(&m);
	munmap(early, GUEST_SEGMENT);
	munmap(late, GUEST_SEGMENT);
	close(fd);
}

static void frames_mapped_by_number_keep_their_keys(void)
{
	frames_keep_their_keys(0);
}

static void reserved_pages_keep_their_keys(void)
{
	frames_keep_their_keys(FRAMES_PAGES);
}

static const struct test tests[] = {
	{ "every page of a running guest can be moved to another frame",
	  every_page_of_a_running_guest_moves, NEEDS_KVM },
	{ "frames mapped by number (VM_PFNMAP) serve a guest and keep their keys",
	  frames_mapped_by_number_keep_their_keys, NEEDS_KVM },
	{ "so do reserved pages", reserved_pages_keep_their_keys, NEEDS_KVM },
};

TAP_MAIN(tests)
