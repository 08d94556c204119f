// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages of shared memory: what becomes of the page tables that they replace.
 * MADV_COLLAPSE works whatever the settings for huge pages say, and for everybody.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replace.h"

#define SEGMENTS	16
#define PAGES		(GUEST_SEGMENT / GUEST_PAGE)
#define SIZE		(SEGMENTS * GUEST_SEGMENT)
#define SEED		5

/* Every collapse needs a free MiB in one piece and nobody else with a reference to a page. */
static void collapse(uint8_t *mem, int segments)
{
	int s, try, rc;

	for (s = 0; s < segments; s++) {
		for (try = 0; try < 1000; try++) {
			rc = madvise(mem + s * GUEST_SEGMENT, GUEST_SEGMENT, MADV_COLLAPSE);
			if (!rc || errno != EAGAIN)
				break;
			usleep(1000);
		}
		if (rc && !s && errno == EINVAL && access("/sys/kernel/mm/transparent_hugepage", F_OK))
			skip("the kernel has no huge pages");
		require(!rc, "MADV_COLLAPSE of segment %d: %s", s, strerror(errno));
	}
}

/* MiB of the VMA at @mem that huge pages of shared memory map. */
static long huge_mapped(const uint8_t *mem)
{
	unsigned long start, end;
	char line[512];
	long kib = -1;
	int inside = 0;
	FILE *f = fopen("/proc/self/smaps", "r");

	require(f, "smaps: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (unsigned long)mem && (unsigned long)mem < end;
		else if (inside && sscanf(line, "ShmemPmdMapped: %ld kB", &kib) == 1)
			break;
	}
	fclose(f);
	require(kib >= 0, "no ShmemPmdMapped for %p", mem);
	return kib / 1024;
}

/* Both map the same file. */
static void require_same(const uint8_t *a, const uint8_t *b, const char *what)
{
	const unsigned long *x, *y;
	int s, p;

	for (s = 0; s < SEGMENTS; s++) {
		for (p = 0; p < (int)PAGES; p++) {
			x = (const void *)(a + s * GUEST_SEGMENT + p * GUEST_PAGE);
			y = (const void *)(b + s * GUEST_SEGMENT + p * GUEST_PAGE);
			require(*x == *y, "%s: segment %d page %d holds %016lx, not %016lx", what,
				s, p, *y, *x);
		}
	}
}

static void require_zeros(const uint8_t *mem, int segments, const char *what)
{
	const unsigned long *word;
	int s, p;

	for (s = 0; s < segments; s++) {
		for (p = 0; p < (int)PAGES; p++) {
			word = (const void *)(mem + s * GUEST_SEGMENT + p * GUEST_PAGE);
			require(!*word, "%s: segment %d page %d holds %016lx", what, s, p, *word);
		}
	}
}

/*
 *   file:  mapped at a and b                 tables of b, two to a page: (0 1) (2 3) ...
 *   1. a filled, one page of each segment of b read: b has tables
 *   2. a collapsed: huge pages in a, b's tables are empty and stay
 *   3. all of b read: its tables map the small pages of huge pages
 *   4. every other segment of b collapsed: its table goes, the other half of the page stays
 *   5. fresh memory gets those halves
 * Linux 6.12 frees the tables of b in step 2; then there are huge pages in b after step 3.
 */
static void collapse_twice(int fd, uint8_t *a, uint8_t *b)
{
	int s;

	fill_segments(a, SEGMENTS, PAGES, SEED);
	for (s = 0; s < SEGMENTS; s++)
		require(*(volatile unsigned long *)(b + s * GUEST_SEGMENT), "segment %d is empty", s);
	collapse(a, SEGMENTS);
	require(huge_mapped(a) == SEGMENTS, "%ld of %d segments huge", huge_mapped(a), SEGMENTS);
	require_same(a, b, "second mapping");
	if (huge_mapped(b) != SEGMENTS) {
		require(huge_mapped(b) == 0, "%ld segments huge: some tables stayed", huge_mapped(b));
		for (s = 0; s < SEGMENTS; s += 2)
			collapse(b + s * GUEST_SEGMENT, 1);
		require(huge_mapped(b) == SEGMENTS / 2, "%ld of %d segments huge", huge_mapped(b),
			SEGMENTS / 2);
		require_same(a, b, "second mapping, collapsed");
	}
	close(fd);
}

static void fresh_memory_is_empty_after_collapse(void)
{
	int fd = make_file(SIZE);
	uint8_t *a = map_file(fd, SEGMENTS), *b = map_file(fd, SEGMENTS), *fresh;

	collapse_twice(fd, a, b);
	fresh = map_segments(SEGMENTS, MAP_PRIVATE);
	require_zeros(fresh, SEGMENTS, "fresh memory");
	fill_segments(fresh, SEGMENTS, PAGES, SEED + 1);
	check_segments(a, SEGMENTS, PAGES, SEED, "the file");
	require_same(a, b, "the file, second mapping");
	check_segments(fresh, SEGMENTS, PAGES, SEED + 1, "fresh memory");
	munmap(fresh, SIZE);
	munmap(b, SIZE);
	munmap(a, SIZE);
}

/* Exit with all of it mapped: counts of pages and of the process must come out right. */
static void counts_are_right_after_collapse(void)
{
	int fd = make_file(SIZE), round;
	uint8_t *a = map_file(fd, SEGMENTS), *b = map_file(fd, SEGMENTS), *fresh;

	collapse_twice(fd, a, b);
	for (round = 0; round < 3; round++) {
		fresh = map_segments(SEGMENTS, MAP_PRIVATE);
		require_zeros(fresh, SEGMENTS, "fresh memory");
		munmap(fresh, SIZE);
	}
	check_segments(a, SEGMENTS, PAGES, SEED, "the file");
}

#define ROUNDS		20

/* A table that is to be moved can have been freed meanwhile, because of another mapping of the file. */
static void tables_move_while_huge_pages_replace_them(void)
{
	int fd = make_file(SIZE), round, s, huge = 0;
	uint8_t *a = map_file(fd, SEGMENTS), *b = map_file(fd, SEGMENTS);
	long before = relocated();
	struct mover mover;

	fill_segments(a, SEGMENTS, PAGES, SEED);
	mover_start(&mover, b, SIZE);
	for (round = 0; round < ROUNDS; round++) {
		/* A hole makes small pages of a huge one, and b gets page tables again. */
		for (s = 1; s <= SEGMENTS; s++)
			require(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					   s * GUEST_SEGMENT - GUEST_PAGE, GUEST_PAGE), "hole: %s",
				strerror(errno));
		fill_segments(b, SEGMENTS, PAGES, SEED);
		/* That some cannot be had, because somebody looks at a page, does not matter here. */
		madvise(a, SIZE, MADV_COLLAPSE);
		huge += huge_mapped(a);
		check_segments(b, SEGMENTS, PAGES, SEED, "after collapse");
	}
	mover_end(&mover);
	note("%d huge pages while %ld tables moved", huge, relocated() - before);
	require(huge && relocated() > before, "nothing was there to meet");
	close(fd);
	munmap(b, SIZE);
	munmap(a, SIZE);
}

static const struct test tests[] = {
	{ "fresh_memory_is_empty_after_collapse", fresh_memory_is_empty_after_collapse, 0 },
	{ "fresh_memory_is_empty_after_collapse_in_4k", fresh_memory_is_empty_after_collapse, IN_4K },
	{ "counts_are_right_after_collapse", counts_are_right_after_collapse, 0 },
	{ "tables move while huge pages replace them", tables_move_while_huge_pages_replace_them, 0 },
};

TAP_MAIN(tests)
