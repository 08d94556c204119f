// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables of segments that are not one plain VMA: many VMAs with locks of their own
 * in each, memory mapped by frame number, memory that userfaultfd fills.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "kernel/frames.h"
#include "replace.h"

#define PAGES		256	/* of a segment */
#define SEGMENTS	8
#define ALL_PAGES	(SEGMENTS * PAGES)
#define SIZE		(SEGMENTS * GUEST_SEGMENT)
#define GPA		(8 * GUEST_SEGMENT)
#define SEED		5

#define MANY		512	/* segments: some batches */

static void protect(uint8_t *mem, int segments, int from, int pages)
{
	int i;

	for (i = 0; i < segments; i++)
		require(!mprotect(mem + i * GUEST_SEGMENT + from * GUEST_PAGE, pages * GUEST_PAGE,
				  PROT_READ), "mprotect: %s", strerror(errno));
}

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void alarm_every_ms(int ms)
{
	struct itimerval timer = { { 0, ms * 1000 }, { 0, ms * 1000 } };
	struct sigaction action = { .sa_handler = count_alarm, .sa_flags = SA_RESTART };

	require(!sigaction(SIGALRM, &action, NULL), "sigaction: %s", strerror(errno));
	require(!setitimer(ITIMER_REAL, &timer, NULL), "setitimer: %s", strerror(errno));
}

/* Not relocate(), which takes a signal for no error. */
static void relocate_all(const uint8_t *mem, size_t size)
{
	int n, fd = open("/sys/kernel/debug/pgmix/relocate", O_WRONLY);
	char line[64];

	require(fd >= 0, "pgmix/relocate: %s", strerror(errno));
	n = snprintf(line, sizeof(line), "%d %lx %lx", getpid(), (unsigned long)mem,
		     (unsigned long)mem + size);
	require(write(fd, line, n) == n, "relocate: %s", strerror(errno));
	close(fd);
}

static void signals_do_not_end_a_replacement(void)
{
	uint8_t *mem = map_segments(MANY, MAP_SHARED);
	long before = relocated();
	int calls = 0;

	fill_segments(mem, MANY, 3, SEED);
	protect(mem, MANY, 100, 50);
	alarm_every_ms(1);
	do {
		relocate_all(mem, MANY * GUEST_SEGMENT);
		calls++;
	} while (alarms < 100);
	alarm_every_ms(0);
	require(relocated() - before == (long)calls * MANY, "%ld tables moved in %d calls for %d each",
		relocated() - before, calls, MANY);
	check_segments(mem, MANY, 3, SEED, "after relocation");
	munmap(mem, MANY * GUEST_SEGMENT);
}

static void signals_do_not_end_a_promotion(void)
{
	uint8_t *mem = map_segments(MANY, MAP_SHARED);
	long before = promoted();
	struct vm vm;

	fill_segments(mem, MANY, 3, SEED);
	protect(mem, MANY, 100, 50);
	make_vm(&vm, 0);
	alarm_every_ms(1);
	while (!alarms)
		;
	put_slot(&vm, 1, GPA, mem, MANY * GUEST_SEGMENT);
	alarm_every_ms(0);
	require(promoted() - before == MANY, "%ld tables promoted for %d segments",
		promoted() - before, MANY);
	check_segments(mem, MANY, 3, SEED, "after promotion");
	vm_destroy(&vm);
	munmap(mem, MANY * GUEST_SEGMENT);
}

static void put_file(uint8_t *at, size_t size, int flags, int fd, off_t from)
{
	require(mmap(at, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, from) == at,
		"mmap: %s", strerror(errno));
}

/* Each page a VMA with a file and, since it is written to, an anon_vma of its own. */
static void every_page_a_vma(void)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_SHARED);
	long before = relocated();
	int i, fd;

	for (i = 0; i < ALL_PAGES; i++) {
		fd = make_file(GUEST_PAGE);
		put_file(mem + i * GUEST_PAGE, GUEST_PAGE, MAP_PRIVATE, fd, 0);
		close(fd);
	}
	fill_segments(mem, SEGMENTS, PAGES, SEED);
	for (i = 0; i < 3; i++)
		relocate_all(mem, SIZE);
	require(relocated() - before == 3 * SEGMENTS, "%ld tables moved", relocated() - before);
	check_segments(mem, SEGMENTS, PAGES, SEED, "after relocation");
	munmap(mem, SIZE);
}

/* Another process does the same to the same files: they lock each other's. */
static void same_files_in_two_processes(void)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_SHARED);
	int i, j, fd[3];
	pid_t pid[2];

	for (i = 0; i < 3; i++)
		fd[i] = make_file(SIZE);
	for (i = 0; i < ALL_PAGES; i += 8)
		put_file(mem + i * GUEST_PAGE, 8 * GUEST_PAGE, MAP_PRIVATE, fd[i / 8 % 3],
			 i * GUEST_PAGE);
	fill_segments(mem, SEGMENTS, PAGES, SEED);
	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		/* The other files first; what is COWed has the parent's anon_vma root. */
		for (j = 0; i && j < ALL_PAGES; j += 16)
			put_file(mem + j * GUEST_PAGE, 8 * GUEST_PAGE, MAP_SHARED,
				 fd[2 - j / 16 % 3], j * GUEST_PAGE);
		fill_segments(mem, SEGMENTS, PAGES, SEED + 1 + i);
		for (j = 0; j < 100; j++)
			relocate_all(mem, SIZE);
		check_segments(mem, SEGMENTS, PAGES, SEED + 1 + i, "in a child");
		_exit(0);
	}
	for (j = 0; j < 100; j++)
		relocate_all(mem, SIZE);
	check_segments(mem, SEGMENTS, PAGES, SEED, "in the parent");
	for (i = 0; i < 2; i++)
		wait_ok(pid[i]);
	for (i = 0; i < 3; i++)
		close(fd[i]);
	munmap(mem, SIZE);
}

static volatile int punched;

static void *move_until_punched(void *mem)
{
	while (!punched)
		relocate_all(mem, SIZE);
	return NULL;
}

/* A page of one file, a page of the other, in all segments: both must be locked. */
static void hole_takes_every_page_of_every_file(void)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_SHARED);
	long before = relocated();
	int round, i, fd[2];
	pthread_t mover;

	for (i = 0; i < 2; i++)
		fd[i] = make_file(SIZE);
	for (i = 0; i < ALL_PAGES; i += 32)
		put_file(mem + i * GUEST_PAGE, 32 * GUEST_PAGE, MAP_SHARED, fd[i / 32 & 1],
			 i * GUEST_PAGE);
	require(!pthread_create(&mover, NULL, move_until_punched, mem), "no thread");
	for (round = 0; round < 200; round++) {
		for (i = 0; i < ALL_PAGES; i += 16)
			mem[i * GUEST_PAGE] = 1;
		for (i = 0; i < 2; i++)
			require(!fallocate(fd[i], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
					   SIZE), "hole: %s", strerror(errno));
		for (i = 0; i < ALL_PAGES; i += 16)
			require(!mem[i * GUEST_PAGE], "page %d is still there after hole %d", i,
				round);
	}
	punched = 1;
	pthread_join(mover, NULL);
	note("%d holes while %ld tables moved", round, relocated() - before);
	for (i = 0; i < 2; i++)
		close(fd[i]);
	munmap(mem, SIZE);
}

/* A driver can map the zero page, and has no handler that would map it again. */
static void zero_page_mapped_by_number_stays(void)
{
	int i, fd = open(FRAMES_PATH, O_RDWR);
	long before = promoted();
	struct machine m;
	uint8_t *mem;

	require(fd >= 0, "%s: %s", FRAMES_PATH, strerror(errno));
	mem = map_segments(1, MAP_SHARED);
	require(mmap(mem, GUEST_SEGMENT, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		     FRAMES_ZERO * GUEST_PAGE) == mem, "mmap of the zero page: %s", strerror(errno));
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, mem, GUEST_SEGMENT);
	require(promoted() - before == 1, "%ld tables promoted", promoted() - before);
	/* Anything but 0 is the end of this process by SIGBUS. */
	for (i = 0; i < PAGES; i++)
		require(!*(volatile uint8_t *)(mem + i * GUEST_PAGE), "page %d is not zero", i);
	run_job(&m, GUEST_PEEK, GPA, PAGES, 0);
	machine_destroy(&m);
	munmap(mem, GUEST_SEGMENT);
	close(fd);
}

struct filler {
	pthread_t thread;
	int fd, stop[2];
	int missing;
	unsigned long first;
};

static void fill_with_zero(int fd, uint64_t start, uint64_t len)
{
	struct uffdio_zeropage zero = { .range = { start, len } };

	require(!ioctl(fd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE: %s", strerror(errno));
}

/* Counts what is missing, and has the thread that misses it go on. */
static void *watch(void *arg)
{
	struct filler *filler = arg;
	struct pollfd fds[2] = { { filler->fd, POLLIN, 0 }, { filler->stop[0], POLLIN, 0 } };
	struct uffd_msg msg;

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		if (read(filler->fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		if (!filler->missing++)
			filler->first = msg.arg.pagefault.address;
		fill_with_zero(filler->fd, msg.arg.pagefault.address & -GUEST_PAGE, GUEST_PAGE);
	}
	return NULL;
}

static void start_filler(struct filler *filler, uint8_t *mem, size_t size)
{
	filler->fd = tell_of_missing(mem, size);
	require(!pipe(filler->stop), "pipe: %s", strerror(errno));
	require(!pthread_create(&filler->thread, NULL, watch, filler), "no thread");
}

static void stop_filler(struct filler *filler)
{
	close(filler->stop[1]);
	pthread_join(filler->thread, NULL);
	close(filler->stop[0]);
	close(filler->fd);
}

/* Who has filled a page by userfaultfd is not asked for it again. */
static void filled_page_is_not_missing_again(void)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_PRIVATE);
	struct filler filler = { };
	long before = promoted();
	struct vm vm;
	int i;

	/* The tables are there before the VM, the zero pages come after it. */
	fill_segments(mem, SEGMENTS, 1, SEED);
	make_vm(&vm, 0);
	start_filler(&filler, mem, SIZE);
	for (i = 0; i < SEGMENTS; i++)
		fill_with_zero(filler.fd, (uintptr_t)mem + i * GUEST_SEGMENT + GUEST_PAGE,
			       GUEST_SEGMENT - GUEST_PAGE);
	/* A page that must not be written, too. */
	protect(mem, SEGMENTS, 128, 64);
	put_slot(&vm, 1, GPA, mem, SIZE);
	require(promoted() - before == SEGMENTS, "%ld tables promoted for %d segments",
		promoted() - before, SEGMENTS);
	check_segments(mem, SEGMENTS, 1, SEED, "after promotion");
	for (i = 0; i < ALL_PAGES; i++)
		require(i % PAGES == 0 || !*(volatile uint8_t *)(mem + i * GUEST_PAGE),
			"page %d is not zero", i);
	stop_filler(&filler);
	require(!filler.missing, "%d pages were missing again, first that at %#lx", filler.missing,
		filler.first);
	vm_destroy(&vm);
	munmap(mem, SIZE);
}

static const struct test tests[] = {
	{ "a replacement of many VMAs is done, whatever signals arrive",
	  signals_do_not_end_a_replacement, 0 },
	{ "a promotion of many VMAs is done, whatever signals arrive",
	  signals_do_not_end_a_promotion, NEEDS_KVM },
	{ "the table of a segment with a VMA for each page can be replaced", every_page_a_vma, 0 },
	{ "two processes replace tables of the same files at the same time",
	  same_files_in_two_processes, 0 },
	{ "a hole takes every page of every file in a segment that moves",
	  hole_takes_every_page_of_every_file, 0 },
	{ "a zero page that is mapped by number stays when its table is promoted",
	  zero_page_mapped_by_number_stays, NEEDS_KVM },
	{ "a page that userfaultfd has filled with zero is not missing after promotion",
	  filled_page_is_not_missing_again, NEEDS_KVM },
};

TAP_MAIN(tests)
