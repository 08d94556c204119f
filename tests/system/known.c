// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs of Linux, most of which a VM created late makes likely. Each test uses only what
 * stock Linux offers too (type 0 in a process with 4K tables): on a stock kernel that
 * has the bug it fails, and that is part of the suite.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

#define PAGES		256
#define GPA		(2 * GUEST_SEGMENT)
#define GFN		(GPA / GUEST_PAGE)

/* Number of the frame that read faults of empty anonymous memory get; there are several. */
static long zero_frame(void)
{
	uint8_t *mem = map_segments(1, MAP_PRIVATE);
	long pfn;

	(void)*(volatile uint8_t *)mem;
	pfn = pfn_of(mem);
	munmap(mem, GUEST_SEGMENT);
	require(pfn > 0, "the zero page has no frame in pagemap");
	return pfn;
}

/*
 * Creating a VM drops the zero page from the page tables. A swap entry is told from
 * it by its present bit, not by where its offset happens to lie. Pages are swapped
 * out until their offsets go past the zero page's frame number.
 */
static void swap_entries_are_no_zero_pages(void)
{
	long zero = zero_frame(), pages, i, at = -1, lost = 0, step = 16 * PAGES;
	uint64_t *entry;
	struct vm vm;
	uint8_t *mem;
	int rc;

	pages = (zero / step + 2) * step;
	swap_on(pages / PAGES + 16);
	mem = map_segments(pages / PAGES, MAP_PRIVATE);
	entry = calloc(pages, sizeof(*entry));
	require(entry, "malloc of %ld entries", pages);
	for (i = 0; i < pages; i++) {
		/* all bytes equal, so that zram does not store it */
		memset(mem + i * GUEST_PAGE, i % 255 + 1, GUEST_PAGE);
		if ((i + 1) % step == 0)
			page_out(mem + (i + 1 - step) * GUEST_PAGE, step * GUEST_PAGE);
	}
	require(!pagemap_read(mem, pages, entry), "/proc/self/pagemap");
	for (i = 0; i < pages; i++) {
		require(entry[i] >> 62 == 1, "page %ld is not on swap", i);
		if ((entry[i] & ((1UL << 55) - 1)) >> 5 == (uint64_t)zero)
			at = i;
	}
	require(at >= 0, "no swap offset is the zero page's frame number %ld", zero);

	rc = vm_create(&vm, 0);
	require(!rc, "KVM_CREATE_VM(0): %s", strerror(-rc));
	pagemap_read(mem, pages, entry);
	for (i = 0; i < pages; i++)
		lost += !(entry[i] >> 62);
	require(!lost && mem[at * GUEST_PAGE] == at % 255 + 1,
		"%ld of %ld pages on swap are lost; page %ld, swap offset %ld, is %d, was %ld",
		lost, pages, at, zero, mem[at * GUEST_PAGE], at % 255 + 1);
	vm_destroy(&vm);
	munmap(mem, pages * GUEST_PAGE);
	swap_off();
}

static void dirty_log_of_memory(int touched_before)
{
	unsigned long bitmap[4 * PAGES / 64] = { 0 };
	uint8_t *mem = map_segments(4, MAP_SHARED);
	struct machine m;
	int i, rc;

	if (touched_before)
		memset(mem, 1, 4 * GUEST_SEGMENT);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	rc = vm_slot(&m.vm, 1, GPA, mem, 4 * GUEST_SEGMENT, KVM_MEM_LOG_DIRTY_PAGES);
	require(!rc, "memory slot: %s", strerror(-rc));
	run_job(&m, GUEST_POKE, GPA, 4 * PAGES, 77);
	for (i = 0; i < 4 * PAGES; i++)
		require(*(unsigned long *)(mem + i * GUEST_PAGE) == 77, "page %d was not written", i);
	expect_all_dirty(&m.vm, 1, 4 * PAGES);

	/* read and cleared: only what is written now */
	run_job(&m, GUEST_POKE, GPA, 8, 78);
	rc = vm_dirty_log(&m.vm, 1, bitmap);
	for (i = 0; i < 8; i++)
		require(!rc && is_dirty(bitmap, i), "second log: %d, page %d missing", rc, i);
	machine_destroy(&m);
}

static void dirty_log_has_memory_touched_before(void)
{
	dirty_log_of_memory(1);
}

static void dirty_log_has_memory_touched_after(void)
{
	dirty_log_of_memory(0);
}

/* The first page of a segment without a page table is faulted in by the ioctl itself. */
static void set_skeys_skips_none(void)
{
	struct machine m;
	uint8_t *mem;

	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	mem = map_segments(2, MAP_PRIVATE);
	put_slot(&m.vm, 1, GPA, mem, 2 * GUEST_SEGMENT);
	set_keys(&m.vm, GFN, 2 * PAGES, 1);
	check_keys(&m.vm, GFN, 2 * PAGES, 1, "memory not touched before");
	machine_destroy(&m);
}

#define THP	"/sys/kernel/mm/transparent_hugepage/"

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	require(fd >= 0 && write(fd, text, strlen(text)) > 0, "%s: %s", path, strerror(errno));
	close(fd);
}

/* Does this process map 1 MiB pages of files? */
static int has_huge_pages(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "ShmemPmdMapped: %ld", &kib);
	if (f)
		fclose(f);
	return kib > 0;
}

/* Another process, without VM, has khugepaged collapse the file. */
static void want_huge_pages(int fd, int segments, int go)
{
	uint8_t *mem = map_file(fd, segments);
	int i, ms;
	char c;

	require(read(go, &c, 1) == 1, "pipe: %s", strerror(errno));
	/* Twice: khugepaged looks at what the mapping was before. */
	for (i = 0; i < 2; i++)
		require(!madvise(mem, segments * GUEST_SEGMENT, MADV_HUGEPAGE), "madvise: %s",
			strerror(errno));
	for (ms = 0; ms < 20000 && !has_huge_pages(); ms += 50) {
		for (i = 0; i < segments * PAGES; i++)
			(void)*(volatile uint8_t *)(mem + i * GUEST_PAGE);
		usleep(50000);
	}
	require(has_huge_pages(), "khugepaged collapsed nothing in 20 s");
	_exit(0);
}

/*
 * Huge pages in a file take the place of small ones for everybody. A process with a
 * guest keeps its page table for them, which the guest runs on, with the guest's keys.
 */
static void khugepaged_leaves_tables_of_guests_alone(void)
{
	int go[2], fd = memfd_create("guest", 0), segments = 4;
	struct machine m;
	pid_t pid;

	write_text(THP "shmem_enabled", "advise");
	write_text(THP "khugepaged/scan_sleep_millisecs", "10");
	write_text(THP "khugepaged/pages_to_scan", "8192");
	require(fd >= 0 && !ftruncate(fd, segments * GUEST_SEGMENT) && !pipe(go), "%s",
		strerror(errno));
	pid = fork();
	if (!pid)
		want_huge_pages(fd, segments, go[0]);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, map_file(fd, segments), segments * GUEST_SEGMENT);
	run_job(&m, GUEST_FILL, GPA, segments * PAGES, 5);
	run_job(&m, GUEST_SETKEYS, GPA, segments * PAGES, 5);
	require(write(go[1], "", 1) == 1, "pipe: %s", strerror(errno));
	wait_ok(pid);
	run_job(&m, GUEST_VERIFY, GPA, segments * PAGES, 5);
	run_job(&m, GUEST_GETKEYS, GPA, segments * PAGES, 5);
	check_keys(&m.vm, GFN, segments * PAGES, 5, "after khugepaged");
	machine_destroy(&m);
	write_text(THP "shmem_enabled", "never");
	write_text(THP "khugepaged/scan_sleep_millisecs", "10000");
}

static void *read_guest_memory(void *m)
{
	run_job(m, GUEST_PEEK, GPA, 1, 0x0101010101010101);
	return NULL;
}

static void meet_a_page_that_is_late(void)
{
	uint8_t *mem = map_segments(1, MAP_SHARED), page[GUEST_PAGE];
	struct uffd_msg msg;
	char path[80];
	struct machine m;
	pthread_t thread;
	int fd, ms;

	memset(page, 1, GUEST_PAGE);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	allow_async_faults(&m.vm);
	put_slot(&m.vm, 1, GPA, mem, GUEST_SEGMENT);
	fd = tell_of_missing(mem, GUEST_SEGMENT);
	require(!pthread_create(&thread, NULL, read_guest_memory, &m), "no thread");
	/* A fault that must not wait is not told of; then the one that waits is, if there is one. */
	for (ms = 0; ms < 2000 && read(fd, &msg, sizeof(msg)) < 0; ms += 10)
		usleep(10000);
	fill_missing(fd, mem, page);
	pthread_join(thread, NULL);
	munmap(mem, GUEST_SEGMENT);
	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/pfault_sync", getpid(), m.vm.fd);
	require(read_number(path) > 0, "no fault was tried without waiting");
	close(fd);
	machine_destroy(&m);
}

/* A guest may have faults for which its vCPU does not wait. Who waits for them has the lock once. */
static void faults_leave_the_mmap_lock_free(void)
{
	siginfo_t end = { 0 };
	pid_t pid = fork();

	if (!pid) {
		meet_a_page_that_is_late();
		_exit(0);
	}
	until(!waitid(P_PID, pid, &end, WEXITED | WNOHANG | WNOWAIT) && end.si_pid,
	      "munmap waits for the mmap lock");
	wait_ok(pid);
}

static const struct test tests[] = {
	{ "creating a VM loses no page on swap", swap_entries_are_no_zero_pages, NEEDS_KVM | IN_4K },
	{ "the dirty log has memory touched before the VM was created",
	  dirty_log_has_memory_touched_before, NEEDS_KVM | IN_4K },
	{ "the dirty log has memory touched after", dirty_log_has_memory_touched_after,
	  NEEDS_KVM | IN_4K },
	{ "KVM_S390_SET_SKEYS skips no page", set_skeys_skips_none, NEEDS_KVM | IN_4K },
	{ "khugepaged leaves the page tables of a guest alone",
	  khugepaged_leaves_tables_of_guests_alone, NEEDS_KVM | IN_4K },
	{ "a page fault of the guest leaves the mmap lock free", faults_leave_the_mmap_lock_free,
	  NEEDS_KVM | IN_4K },
};

TAP_MAIN(tests)
