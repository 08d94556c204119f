// SPDX-License-Identifier: GPL-2.0
/*
 * Processes without a VM, with 2K tables and, under the sysctl, with 4K ones: counted
 * exactly, and unharmed by everything Linux does to page tables. Needs no SIE.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

#define SEGMENTS	32
#define KSM		"/sys/kernel/mm/ksm/"

static long all_tables(void)
{
	struct page_tables pt = tables_now();

	return pt.n2k + pt.n4k;
}

static void counts_are_exact(void)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_PRIVATE), *away;
	long base = all_tables();
	int i;

	for (i = 0; i < SEGMENTS; i++) {
		mem[i * GUEST_SEGMENT] = 1;
		require(all_tables() == base + i + 1, "segment %d: %ld tables, %ld at the start", i,
			all_tables(), base);
	}
	/* every other one away: halves of pages in use */
	for (i = 0; i < SEGMENTS; i += 2)
		munmap(mem + i * GUEST_SEGMENT, GUEST_SEGMENT);
	require(all_tables() == base + SEGMENTS / 2, "%ld tables, %ld at the start", all_tables(), base);
	for (i = 0; i < SEGMENTS; i += 2) {
		guest_memory_at(mem + i * GUEST_SEGMENT, GUEST_SEGMENT, MAP_PRIVATE);
		mem[i * GUEST_SEGMENT] = 2;
	}
	require(all_tables() == base + SEGMENTS, "%ld tables, %ld at the start", all_tables(), base);
	for (i = 0; i < SEGMENTS; i++)
		require(mem[i * GUEST_SEGMENT] == (i & 1 ? 1 : 2), "segment %d holds %d", i, mem[i * GUEST_SEGMENT]);

	away = map_segments(SEGMENTS, MAP_PRIVATE);
	require(mremap(mem, SEGMENTS * GUEST_SEGMENT, SEGMENTS * GUEST_SEGMENT,
		       MREMAP_MAYMOVE | MREMAP_FIXED, away) == away, "mremap: %s", strerror(errno));
	for (i = 0; i < SEGMENTS; i++)
		require(away[i * GUEST_SEGMENT] == (i & 1 ? 1 : 2), "moved segment %d holds %d", i,
			away[i * GUEST_SEGMENT]);
	munmap(away, SEGMENTS * GUEST_SEGMENT);
	munmap(mem, SEGMENTS * GUEST_SEGMENT);
	require(all_tables() == base, "%ld tables, %ld at the start", all_tables(), base);
}

static void bytes_are_whole_pages(void)
{
	struct page_tables pt = tables_now();

	require(pt.bytes2k % 4096 == 0 && pt.bytes4k % 4096 == 0, "%ld and %ld bytes", pt.bytes2k,
		pt.bytes4k);
	require(pt.bytes4k == pt.n4k * 4096 && pt.bytes2k >= pt.n2k * 2048 &&
		pt.bytes2k <= pt.n2k * 4096, "%ld tables of 2K in %ld bytes, %ld of 4K in %ld",
		pt.n2k, pt.bytes2k, pt.n4k, pt.bytes4k);
}

/* Two 2K tables share a page: half the memory of 4K ones, as near as one page. */
static void two_tables_share_a_page(void)
{
	struct page_tables before = tables_now(), pt;

	fill_segments(map_segments(SEGMENTS, MAP_PRIVATE), SEGMENTS, 1, 0);
	pt = tables_now();
	require(pt.bytes2k - before.bytes2k <= SEGMENTS / 2 * 4096 + 4096,
		"%d tables of 2K took %ld bytes", SEGMENTS, pt.bytes2k - before.bytes2k);
}

static void copy_on_write(void)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_PRIVATE);
	int n;
	pid_t pid;

	fill_segments(mem, SEGMENTS, 8, 1);
	for (n = 0; n < 4; n++) {
		pid = fork();
		if (!pid) {
			check_segments(mem, SEGMENTS, 8, 1, "child");
			fill_segments(mem, SEGMENTS, 4, n + 2);
			check_segments(mem, SEGMENTS, 4, n + 2, "child has written");
			pid = fork();
			if (!pid) {
				check_segments(mem, SEGMENTS, 4, n + 2, "grandchild");
				_exit(0);
			}
			wait_ok(pid);
			_exit(0);
		}
		wait_ok(pid);
		check_segments(mem, SEGMENTS, 8, 1, "parent");
	}
	fill_segments(mem, SEGMENTS, 8, 9);
	check_segments(mem, SEGMENTS, 8, 9, "parent has written");
	munmap(mem, SEGMENTS * GUEST_SEGMENT);
}

static void protect_swap_and_back(void)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_PRIVATE);
	size_t size = SEGMENTS * GUEST_SEGMENT;
	int i;

	swap_on(64);
	fill_segments(mem, SEGMENTS, 8, 1);
	for (i = 0; i < 3; i++) {
		mprotect(mem, size, PROT_READ);
		check_segments(mem, SEGMENTS, 8, 1, "read only");
		page_out(mem, size);
		mprotect(mem, size, PROT_NONE);
		mprotect(mem, size, PROT_READ | PROT_WRITE);
		check_segments(mem, SEGMENTS, 8, 1, "swapped in");
		fill_segments(mem, SEGMENTS, 8, 1);
	}
	munmap(mem, size);
	swap_off();
}

static void same_pages_merge(void)
{
	uint8_t *mem = map_segments(4, MAP_PRIVATE);
	long merged = 0;
	int i;

	if (access(KSM "run", W_OK))
		skip("the kernel has no KSM");
	madvise(mem, 4 * GUEST_SEGMENT, MADV_MERGEABLE);
	memset(mem, 0x5a, 4 * GUEST_SEGMENT);
	write_number(KSM "pages_to_scan", 4096);
	write_number(KSM "sleep_millisecs", 10);
	write_number(KSM "run", 1);
	for (i = 0; i < 100 && merged < 1000; i++) {
		usleep(50000);
		merged = read_number(KSM "pages_sharing");
	}
	write_number(KSM "run", 0);
	require(merged >= 1000, "KSM merged %ld of 1024 pages", merged);
	for (i = 0; i < 1024; i++) {
		require(mem[i * GUEST_PAGE + 7] == 0x5a, "merged page %d holds 0x%x", i, mem[i * GUEST_PAGE + 7]);
		mem[i * GUEST_PAGE] = i;
	}
	for (i = 0; i < 1024; i++)
		require(mem[i * GUEST_PAGE] == (uint8_t)i && mem[i * GUEST_PAGE + 7] == 0x5a,
			"written page %d holds 0x%x", i, mem[i * GUEST_PAGE]);
	write_number(KSM "run", 2);
	munmap(mem, 4 * GUEST_SEGMENT);
}

static void *map_and_unmap(void *arg)
{
	unsigned long seed = (unsigned long)arg;
	uint8_t *mem;
	int i;

	for (i = 0; i < 60; i++) {
		mem = map_segments(6, MAP_PRIVATE);
		fill_segments(mem, 6, 2, seed + i);
		munmap(mem + 2 * GUEST_SEGMENT, 2 * GUEST_SEGMENT);
		check_segments(mem, 2, 2, seed + i, "beside an unmapped one");
		munmap(mem, 6 * GUEST_SEGMENT);
	}
	return NULL;
}

static void threads_map_and_unmap(void)
{
	pthread_t thread[4];
	unsigned long i;

	for (i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, map_and_unmap, (void *)(i * 1000));
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

#define BOTH(name, run)						\
	{ name ", with 2K tables", run, 0 },			\
	{ name ", with 4K tables", run, IN_4K }

static const struct test tests[] = {
	BOTH("page tables are counted exactly", counts_are_exact),
	BOTH("their bytes are those of whole pages", bytes_are_whole_pages),
	{ "two 2K tables share a page", two_tables_share_a_page, 0 },
	BOTH("copy on write", copy_on_write),
	BOTH("protection and swap", protect_swap_and_back),
	BOTH("KSM", same_pages_merge),
	BOTH("threads that map and unmap", threads_map_and_unmap),
};

TAP_MAIN(tests)
