// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark, in the booted system: operations on PTEs, and what a program
 * sees of them, in each kind of process that the kernel knows. Prints raw TOD
 * clock differences; report.c makes numbers of them (docs/bench.md).
 *
 * bench KERNEL [quick] [micro] [more] [trace] [reps N] [plant OP]
 * KERNEL: floor stock uniform naive mixed
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/bench.h"
#include "kvm.h"

#define PAGE		4096UL
#define SEGMENT		(1UL << 20)
#define MICRO_COUNT	250

#define KERNEL_FILE	"/sys/kernel/debug/pgmix-bench"
#define ALLOC_FILE	"/proc/sys/vm/allocate_pgste"

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "error: bench: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static uint64_t now(void)
{
	uint64_t tod;

	asm volatile("stckf %0" : "=Q" (tod) : : "cc", "memory");
	return tod;
}

/* --- kinds of process ------------------------------------------------------ */

/*
 * What the process was when its memory was first touched, when it started to
 * have a guest, and which half of a page its tables are wanted in.
 */
static const struct kind {
	const char *name;
	bool vm_elsewhere, exec_pgste, guest, touch_first;
	/* Only with "more": storage keys are in use, each page has a notifier armed. */
	bool keys, armed;
	int table;		/* enum bench_table, -1: any */
	const char *kernels;
} kinds[] = {
	{ "none",		.table = -1, .kernels = "floor stock uniform naive mixed" },
	{ "none-vm-elsewhere",	.vm_elsewhere = true, .table = -1,
				.kernels = "stock uniform naive mixed" },
	{ "all-pgste",		.exec_pgste = true, .guest = true, .table = BENCH_TABLE_PGSTE,
				.kernels = "stock uniform naive mixed" },
	{ "mixed-2k-upper",	.guest = true, .touch_first = true, .table = BENCH_TABLE_2K_UPPER,
				.kernels = "naive mixed" },
	{ "mixed-2k-lower",	.guest = true, .touch_first = true, .table = BENCH_TABLE_2K_LOWER,
				.kernels = "naive mixed" },
	{ "mixed-pgste",		.guest = true, .table = BENCH_TABLE_PGSTE, .kernels = "naive mixed" },
	{ "all-pgste-keys",	.exec_pgste = true, .guest = true, .table = BENCH_TABLE_PGSTE,
				.keys = true, .kernels = "stock uniform naive mixed" },
	{ "mixed-pgste-keys",	.guest = true, .table = BENCH_TABLE_PGSTE, .keys = true,
				.kernels = "naive mixed" },
	{ "all-pgste-armed",	.exec_pgste = true, .guest = true, .table = BENCH_TABLE_PGSTE,
				.armed = true, .kernels = "stock uniform naive mixed" },
	{ "mixed-pgste-armed",	.guest = true, .table = BENCH_TABLE_PGSTE, .armed = true,
				.kernels = "naive mixed" },
	{ }
};

static int bench_fd = -1;

static long kernel(unsigned long cmd, void *arg)
{
	if (bench_fd < 0)
		bench_fd = open(KERNEL_FILE, O_RDWR | O_CLOEXEC);
	if (bench_fd < 0)
		die("%s: %s (a kernel without CONFIG_PGMIX_TEST?)", KERNEL_FILE, strerror(errno));
	return ioctl(bench_fd, cmd, arg);
}

static int table_at(void *addr)
{
	struct bench_run run = { .op = "nothing", .addr = (uintptr_t)addr, .count = 1 };

	if (kernel(BENCH_RUN, &run))
		die("no table at %p: %s", addr, strerror(errno));
	return run.table;
}

static void become_guest(void)
{
	if (kernel(BENCH_GUEST, NULL))
		die("cannot use PGSTEs: %s", strerror(errno));
}

static char *map(size_t size)
{
	char *p = mmap(NULL, size + SEGMENT, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap %zu: %s", size, strerror(errno));
	return (char *)(((uintptr_t)p + SEGMENT - 1) & -SEGMENT);
}

static void touch(char *p, size_t size, size_t step)
{
	for (size_t i = 0; i < size; i += step)
		*(volatile char *)(p + i) = 1;
}

/*
 * Memory whose page tables exist and are what @kind says; the process becomes
 * what @kind says. One segment is taken from where the table is in the wanted
 * half, more are of both.
 */
static char *setup(const struct kind *kind, size_t size)
{
	size_t spare = size == SEGMENT ? 8 * SEGMENT : size;
	char *p = map(spare);

	if (kind->touch_first)
		touch(p, spare, SEGMENT);
	if (kind->guest)
		become_guest();
	if (kind->keys && kernel(BENCH_KEYS, NULL))
		die("cannot use storage keys: %s", strerror(errno));
	if (!kind->touch_first)
		touch(p, spare, SEGMENT);
	if (kind->table < 0 || size > SEGMENT)
		return p;
	for (size_t i = 0; i < spare; i += SEGMENT)
		if (table_at(p + i) == kind->table)
			return p + i;
	die("%s: no such page table", kind->name);
	return NULL;
}

/* --- results --------------------------------------------------------------- */

/*
 * @suite @process @op @size: what; @per: how many of it; @ticks: TOD units for
 * all. One line for each repetition.
 */
static void result(const char *suite, const char *process, const char *op, size_t size,
		   unsigned long per, int64_t ticks)
{
	printf("@ %s %s %s %zu %lu %lld\n", suite, process, op, size, per, (long long)ticks);
	fflush(stdout);
}

/* --- one operation --------------------------------------------------------- */

static int64_t run_op(const char *op, char *p, unsigned int count, bool plant)
{
	struct bench_run run = { .addr = (uintptr_t)p, .count = count, .plant = plant };

	snprintf(run.op, sizeof(run.op), "%s", op);
	if (kernel(BENCH_RUN, &run))
		die("%s: %s", op, strerror(errno));
	return run.ticks;
}

/* The difference of two loops: what is around them is in both. */
static int64_t per_count(const char *op, char *p, bool plant)
{
	int64_t once = run_op(op, p, MICRO_COUNT, plant);

	return run_op(op, p, 2 * MICRO_COUNT, plant) - once;
}

static void micro(const struct kind *kind, const char *plant, int reps)
{
	struct bench_run name = { };
	char *p = setup(kind, SEGMENT);

	for (int rep = 0; rep < reps; rep++) {
		int64_t nothing = per_count("nothing", p, false);

		for (name.count = 0; !kernel(BENCH_NAME, &name); name.count++) {
			bool planted = plant && !strcmp(name.op, plant);

			if (!strcmp(name.op, "nothing"))
				continue;
			result("micro", kind->name, name.op, 0, MICRO_COUNT,
			       per_count(name.op, p, planted) - nothing);
		}
	}
}

/* Each operation once, for who follows the instructions (see loads). */
static void trace(const struct kind *kind)
{
	struct bench_run name = { };
	char *p = setup(kind, SEGMENT);

	for (name.count = 0; !kernel(BENCH_NAME, &name); name.count++) {
		printf("@ trace %s %s\n", kind->name, name.op);
		run_op(name.op, p, 1, false);
	}
}

/* --- what a program sees --------------------------------------------------- */

static char *memory;		/* as setup() made it */
static size_t memory_size;
static bool armed;

/*
 * With BENCH_SETTLE, a pause in which is done what was put off (what waits for RCU above all),
 * until always as long before the next tick: then counts repeat. Where they are counted the
 * pause costs nothing, an idle machine goes straight to its next timer.
 */
static void settle(void)
{
	struct timespec then;

	if (!getenv("BENCH_SETTLE"))
		return;
	clock_gettime(CLOCK_MONOTONIC, &then);
	then.tv_nsec = (then.tv_nsec / 100000000 + 2) * 100000000 + 1000000;
	then.tv_sec += then.tv_nsec / 1000000000;
	then.tv_nsec %= 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
}

/* Starts the clock. */
static int64_t begin(void)
{
	settle();
	return now();
}

static void wait_for(pid_t pid)
{
	int status;

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (waitpid(pid, &status, 0) != pid || status)
		die("a child failed");
}

static int64_t page_fault(void)
{
	int64_t start;

	madvise(memory, memory_size, MADV_DONTNEED);
	start = begin();
	touch(memory, memory_size, PAGE);
	return now() - start;
}

/* A notifier is called once, so they are armed before each repetition. */
static void touch_and_arm(void)
{
	struct bench_range range = { (uintptr_t)memory, memory_size };

	touch(memory, memory_size, PAGE);
	if (armed && kernel(BENCH_ARM, &range))
		die("cannot arm notifiers: %s", strerror(errno));
}

static int64_t fork_exit(void)
{
	int64_t start;
	pid_t pid;

	touch_and_arm();
	start = begin();
	pid = fork();
	if (!pid)
		_exit(0);
	wait_for(pid);
	return now() - start;
}

static int64_t mmap_touch_munmap(void)
{
	int64_t start = begin();
	char *p = mmap(NULL, memory_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	touch(p, memory_size, PAGE);
	munmap(p, memory_size);
	return now() - start;
}

/* To make a page table for one page, and to free it. */
static int64_t one_page_a_table(void)
{
	char *p = map(memory_size);
	int64_t start = begin();

	touch(p, memory_size, SEGMENT);
	munmap(p, memory_size);
	return now() - start;
}

static int64_t protect(int prot)
{
	int64_t start = begin();

	if (mprotect(memory, memory_size, prot))
		die("mprotect: %s", strerror(errno));
	return now() - start;
}

static int64_t mprotect_ro(void)
{
	int64_t ticks;

	touch_and_arm();
	ticks = protect(PROT_READ);
	protect(PROT_READ | PROT_WRITE);
	return ticks;
}

static int64_t mprotect_rw(void)
{
	touch(memory, memory_size, PAGE);
	protect(PROT_READ);
	return protect(PROT_READ | PROT_WRITE);
}

/* Moves the memory away; the next repetition moves it back. */
static int64_t mremap_move(void)
{
	static char *other;
	int64_t start, ticks;
	char *to;

	touch(memory, memory_size, PAGE);
	if (!other)
		other = map(memory_size);
	start = begin();
	to = mremap(memory, memory_size, memory_size, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	ticks = now() - start;
	if (to == MAP_FAILED)
		die("mremap: %s", strerror(errno));
	other = memory;
	memory = to;
	return ticks;
}

static int64_t swap_out(void)
{
	int64_t start;

	touch(memory, memory_size, PAGE);
	start = begin();
	if (madvise(memory, memory_size, MADV_PAGEOUT))
		die("MADV_PAGEOUT: %s", strerror(errno));
	return now() - start;
}

static int64_t swap_in(void)
{
	int64_t start;

	swap_out();
	start = begin();
	touch(memory, memory_size, PAGE);
	return now() - start;
}

static int64_t exec_small(void)
{
	int64_t start = begin();
	pid_t pid = vfork();

	if (!pid) {
		execl("/proc/self/exe", "bench", "nothing", NULL);
		_exit(1);
	}
	wait_for(pid);
	return now() - start;
}

/* VMAs of a page each, with a page between them: size is their number. */
static void many_vmas(bool on)
{
	for (size_t i = 0; i < memory_size; i++)
		if (mprotect(memory + 2 * i * PAGE, PAGE, PROT_READ | (on ? 0 : PROT_WRITE)))
			die("mprotect: %s", strerror(errno));
}

static int64_t fork_exit_vmas(void)
{
	int64_t start, ticks;
	pid_t pid;

	touch(memory, memory_size * 2 * PAGE, PAGE);
	many_vmas(true);
	start = begin();
	pid = fork();
	if (!pid)
		_exit(0);
	wait_for(pid);
	ticks = now() - start;
	many_vmas(false);
	return ticks;
}

static int64_t mprotect_vmas(void)
{
	int64_t start;

	touch(memory, memory_size * 2 * PAGE, PAGE);
	start = begin();
	many_vmas(true);
	many_vmas(false);
	return now() - start;
}

/* What replacement is measured by: to make the table and fill it, by page faults. */
static int64_t fill_segment(void)
{
	char *p = map(memory_size);
	int64_t start = begin();

	touch(p, memory_size, PAGE);
	start = now() - start;
	munmap(p, memory_size);
	return start;
}

enum { PROMOTE, DEMOTE, RELOCATE };	/* enum pgtable_replace */

static int64_t replace_all(int what)
{
	struct bench_replace replace = {
		.start = (uintptr_t)memory,
		.end = (uintptr_t)memory + memory_size,
		.what = what,
	};

	if (ioctl(bench_fd, BENCH_REPLACE, &replace))
		die("replacement %d: %s", what, strerror(errno));
	return replace.ticks;
}

/*
 * Replaces tables with @pages entries each. @splits pages of each segment are in a VMA of
 * their own, so 2 * @splits + 1 VMAs reach into it.
 */
static int64_t replace(int what, unsigned int pages, unsigned int splits)
{
	int64_t ticks;

	madvise(memory, memory_size, MADV_DONTNEED);
	for (char *p = memory; p < memory + memory_size; p += SEGMENT) {
		touch(p, pages * PAGE, PAGE);
		for (unsigned int i = 1; i <= splits; i++)
			mprotect(p + i * SEGMENT / (splits + 1) / PAGE * PAGE, PAGE, PROT_READ);
	}
	if (what == PROMOTE)
		replace_all(DEMOTE);
	if (what == DEMOTE)
		replace_all(PROMOTE);
	settle();
	ticks = replace_all(what);
	mprotect(memory, memory_size, PROT_READ | PROT_WRITE);
	return ticks;
}

static int64_t promote_4(void) { return replace(PROMOTE, 4, 0); }
static int64_t promote_256(void) { return replace(PROMOTE, 256, 0); }
static int64_t promote_256_vmas_3(void) { return replace(PROMOTE, 256, 1); }
static int64_t promote_256_vmas_255(void) { return replace(PROMOTE, 256, 127); }
static int64_t demote_256(void) { return replace(DEMOTE, 256, 0); }
static int64_t relocate_4(void) { return replace(RELOCATE, 4, 0); }
static int64_t relocate_256(void) { return replace(RELOCATE, 256, 0); }
static int64_t relocate_256_vmas_3(void) { return replace(RELOCATE, 256, 1); }
static int64_t relocate_256_vmas_255(void) { return replace(RELOCATE, 256, 127); }

/* In a new process each time: one that had a VM is not what it was. */
static int64_t in_child(int64_t (*fn)(void))
{
	int64_t ticks;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		ticks = fn();
		_exit(write(fd[1], &ticks, sizeof(ticks)) != sizeof(ticks));
	}
	close(fd[1]);
	if (read(fd[0], &ticks, sizeof(ticks)) != sizeof(ticks))
		die("no answer from a child");
	wait_for(pid);
	close(fd[0]);
	return ticks;
}

/* What KVM_CREATE_VM does to a process that has touched its memory. */
static int64_t touch_and_become_guest(void)
{
	int64_t start;

	touch(map(memory_size), memory_size, PAGE);
	start = begin();
	become_guest();
	return now() - start;
}

/* The same where it has touched little of much: a page in each page table of 16. */
static int64_t touch_sparsely_and_become_guest(void)
{
	int64_t start;

	touch(map(memory_size), memory_size, 16 * SEGMENT);
	start = begin();
	become_guest();
	return now() - start;
}

static int64_t start_guest(void) { return in_child(touch_and_become_guest); }
static int64_t start_guest_sparse(void) { return in_child(touch_sparsely_and_become_guest); }
static int64_t create_vm_touched(void) { return in_child(kvm_create_touched); }

enum per { PER_CALL, PER_PAGE, PER_SEGMENT, PER_VMA };
/* NEW_TABLES: makes new ones, so nothing to tell for old. */
enum where {
	ANY_TABLE = 1, NEW_TABLES = 2, MIXED_KERNEL = 4, NEEDS_SWAP = 8, NEEDS_KVM = 16,
	MIXED_MODE = 32, BEFORE_GUEST = 64, WITH_NOTIFIERS = 128,
};

#define REPLACE_SIZES { 32, 1, 4, 16, 64, 256, 1000 }

/* @sizes in MiB, or numbers of VMAs. */
static const struct test {
	const char *name;
	int64_t (*fn)(void);
	enum per per;
	int where;
	int quick;		/* so many sizes if quick */
	int sizes[8];
} tests[] = {
	{ "page_fault", page_fault, PER_PAGE, ANY_TABLE, 1, { 1, 4, 16, 64, 256, 1024 } },
	{ "fork_exit", fork_exit, PER_CALL, ANY_TABLE | WITH_NOTIFIERS, 2, { 4, 64, 1, 16, 256, 1024 } },
	{ "mmap_touch_munmap", mmap_touch_munmap, PER_PAGE, NEW_TABLES, 1, { 1, 4, 16, 64, 256, 1024 } },
	{ "one_page_a_table", one_page_a_table, PER_SEGMENT, NEW_TABLES, 1, { 64, 16, 256, 1000 } },
	{ "mprotect_ro", mprotect_ro, PER_PAGE, ANY_TABLE | WITH_NOTIFIERS, 1, { 1, 4, 16, 64, 256, 1024 } },
	{ "mprotect_rw", mprotect_rw, PER_PAGE, ANY_TABLE, 1, { 1, 4, 16, 64, 256, 1024 } },
	{ "mremap", mremap_move, PER_PAGE, NEW_TABLES, 1, { 1, 4, 16, 64, 256 } },
	{ "swap_out", swap_out, PER_PAGE, ANY_TABLE | NEEDS_SWAP, 1, { 1, 2 } },
	{ "swap_in", swap_in, PER_PAGE, ANY_TABLE | NEEDS_SWAP, 1, { 1, 2 } },
	{ "exec", exec_small, PER_CALL, ANY_TABLE, 1, { 1 } },
	{ "fork_exit_vmas", fork_exit_vmas, PER_VMA, ANY_TABLE, 1, { 100, 1, 10, 1000 } },
	{ "mprotect_vmas", mprotect_vmas, PER_VMA, ANY_TABLE, 1, { 100, 1, 10, 1000 } },
	{ "fill_segment", fill_segment, PER_SEGMENT, ANY_TABLE | MIXED_KERNEL, 1, REPLACE_SIZES },
	{ "promote", promote_256, PER_SEGMENT, MIXED_MODE, 1, REPLACE_SIZES },
	{ "promote_4_pages", promote_4, PER_SEGMENT, MIXED_MODE, 1, REPLACE_SIZES },
	{ "promote_3_vmas", promote_256_vmas_3, PER_SEGMENT, MIXED_MODE, 1, REPLACE_SIZES },
	{ "promote_255_vmas", promote_256_vmas_255, PER_SEGMENT, MIXED_MODE, 1, { 32, 1, 64 } },
	{ "demote", demote_256, PER_SEGMENT, MIXED_MODE, 1, REPLACE_SIZES },
	{ "relocate", relocate_256, PER_SEGMENT, ANY_TABLE | MIXED_KERNEL, 1, REPLACE_SIZES },
	{ "relocate_4_pages", relocate_4, PER_SEGMENT, ANY_TABLE | MIXED_KERNEL, 1, REPLACE_SIZES },
	{ "relocate_3_vmas", relocate_256_vmas_3, PER_SEGMENT, ANY_TABLE | MIXED_KERNEL, 1, REPLACE_SIZES },
	{ "relocate_255_vmas", relocate_256_vmas_255, PER_SEGMENT, ANY_TABLE | MIXED_KERNEL, 1,
	  { 32, 1, 64 } },
	{ "start_guest", start_guest, PER_CALL, BEFORE_GUEST, 1, { 64, 1, 4, 16, 256, 1024 } },
	{ "start_guest_sparse", start_guest_sparse, PER_CALL, BEFORE_GUEST, 0, { 65536 } },
	{ "create_vm", kvm_create, PER_CALL, NEEDS_KVM, 1, { 1 } },
	{ "guest_first_touch", kvm_first_touch, PER_PAGE, NEEDS_KVM, 1, { 1, 4, 16 } },
	{ "create_vm_touched", create_vm_touched, PER_SEGMENT, NEEDS_KVM, 1, { 64, 256, 1024 } },
	{ "sie_exit", kvm_exit, PER_CALL, NEEDS_KVM, 1, { 1 } },
	{ }
};

static void macro(const struct kind *kind, const struct test *test, int size, int reps)
{
	unsigned long per = 1;

	if (test->per == PER_VMA) {
		memory = setup(kind, 8 * SEGMENT);
		memory_size = size;
		per = size;
	} else {
		memory_size = size * SEGMENT;
		if (!(test->where & (NEEDS_KVM | BEFORE_GUEST)))
			memory = setup(kind, memory_size);
		armed = kind->armed;
		if (test->per == PER_PAGE)
			per = memory_size / PAGE;
		if (test->per == PER_SEGMENT)
			per = size;
	}
	if (test->where & NEEDS_KVM)
		kvm_size = memory_size;
	if (size <= 64 || test->per == PER_VMA)
		test->fn();	/* to warm up */
	else
		reps = 1;
	while (reps--)
		result("macro", kind->name, test->name, size, per, test->fn());
}

/* --- memory ---------------------------------------------------------------- */

static long page_table_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "PageTables: %ld", &kb) == 1)
			break;
	if (kb < 0)
		die("no PageTables in /proc/meminfo");
	fclose(f);
	return kb;
}

/* One of 200, or, with 256 MiB of guest memory, the VMM. */
static void be_process(bool vm)
{
	size_t size = vm ? 256 * SEGMENT : 4 * SEGMENT;
	char *p;

	if (vm)
		become_guest();
	p = map(size);
	touch(p, size, vm ? SEGMENT / 16 : PAGE);
	for (int i = 0; i < 16; i++)
		touch(map(SEGMENT), SEGMENT, 16 * PAGE);
	if (write(1, "ready\n", 6) != 6)
		_exit(1);
	pause();
}

/* --- putting it together --------------------------------------------------- */

static void set_alloc_pgste(bool on)
{
	int fd = open(ALLOC_FILE, O_WRONLY);

	if (fd < 0 || write(fd, on ? "1" : "0", 1) != 1)
		die("%s: %s", ALLOC_FILE, strerror(errno));
	close(fd);
}

/* A new process of this program, in which exec decides about its tables. */
static pid_t start(bool exec_pgste, int out, char *const argv[])
{
	pid_t pid;

	if (exec_pgste)
		set_alloc_pgste(true);
	pid = vfork();
	if (!pid) {
		if (out >= 0)
			dup2(out, 1);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (exec_pgste)
		set_alloc_pgste(false);
	return pid;
}

/* Processes that stay until they are killed; returns when they are ready. */
static void start_ready(bool exec_pgste, pid_t *pids, int n, const char *what)
{
	char *argv[] = { "bench", "be", (char *)what, NULL };
	char word[6];
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		pids[i] = start(exec_pgste, fd[1], argv);
		if (read(fd[0], word, 6) != 6)
			die("a process did not start");
	}
	close(fd[0]);
	close(fd[1]);
}

static void stop(pid_t *pids, int n)
{
	for (int i = 0; i < n; i++) {
		kill(pids[i], 9);
		waitpid(pids[i], NULL, 0);
	}
}

/* Page tables of 200 processes and a VMM. */
static void memory_use(const char *name, bool all_pgste, bool vmm_pgste)
{
	pid_t pids[201];
	long before;

	/* What earlier processes had goes after a grace period. */
	sleep(2);
	before = page_table_kb();

	start_ready(all_pgste || vmm_pgste, pids, 1, "vm");
	start_ready(all_pgste, pids + 1, 200, "process");
	printf("@ memory %s page_table_bytes 200 1 %ld\n", name,
	       (page_table_kb() - before) * 1024);
	fflush(stdout);
	stop(pids, 201);
}

static void run_one(const struct kind *kind, const char *what, const char *arg, int size, int reps)
{
	char size_s[16], reps_s[16];
	char *argv[] = { "bench", "one", (char *)kind->name, (char *)what, (char *)arg,
			 size_s, reps_s, NULL };

	snprintf(size_s, sizeof(size_s), "%d", size);
	snprintf(reps_s, sizeof(reps_s), "%d", reps);
	wait_for(start(kind->exec_pgste, -1, argv));
}

static bool has_word(const char *words, const char *word)
{
	const char *at = strstr(words, word);

	return at && (at == words || at[-1] == ' ') && strchr(" ", at[strlen(word)]);
}

static int one(char **arg)
{
	const struct kind *kind;
	const struct test *test;
	int reps = atoi(arg[4]);

	for (kind = kinds; kind->name && strcmp(kind->name, arg[0]); kind++)
		;
	if (!kind->name)
		die("no such kind of process: %s", arg[0]);
	if (!strcmp(arg[1], "trace")) {
		trace(kind);
		return 0;
	}
	if (!strcmp(arg[1], "micro")) {
		micro(kind, arg[2], reps);
		return 0;
	}
	for (test = tests; test->name && strcmp(test->name, arg[2]); test++)
		;
	if (!test->name)
		die("no such test: %s", arg[2]);
	macro(kind, test, atoi(arg[3]), reps);
	return 0;
}

static bool skip(const struct kind *kind, const struct test *test, const char *kernel_name)
{
	bool mixed = kind->guest && !kind->exec_pgste;

	if (kind->armed && !(test->where & WITH_NOTIFIERS))
		return true;
	if (kind->keys && !(test->where & (ANY_TABLE | NEW_TABLES)))
		return true;
	if (test->where & NEEDS_KVM)
		return access("/dev/kvm", R_OK | W_OK) ||
		       (strcmp(kind->name, "all-pgste") && strcmp(kind->name, "mixed-pgste"));
	if (test->where & BEFORE_GUEST)
		return !kind->guest || (mixed && kind->table != BENCH_TABLE_2K_UPPER);
	/* Large memory has tables in both halves. */
	if (test->where & MIXED_MODE)
		return strcmp(kernel_name, "mixed") || kind->table != BENCH_TABLE_2K_UPPER;
	return ((test->where & NEEDS_SWAP) && access("/run/bench-swap", F_OK)) ||
	       ((test->where & MIXED_KERNEL) && (strcmp(kernel_name, "mixed") || !kind->guest)) ||
	       (test->where == NEW_TABLES && mixed && kind->touch_first);
}

int main(int argc, char **argv)
{
	const char *kernel_name = argc > 1 ? argv[1] : "", *plant = "";
	bool quick = false, more = false, only_micro = false, only_trace = false;
	pid_t vm = 0;
	int reps = 1;

	if (!strcmp(kernel_name, "nothing"))
		return 0;
	if (!strcmp(kernel_name, "be") && argc == 3)
		return be_process(!strcmp(argv[2], "vm")), 0;
	if (!strcmp(kernel_name, "one") && argc == 7)
		return one(argv + 2);
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "quick"))
			quick = true;
		else if (!strcmp(argv[i], "micro"))
			only_micro = true;
		else if (!strcmp(argv[i], "more"))
			more = true;
		else if (!strcmp(argv[i], "trace"))
			only_trace = only_micro = true;
		else if (!strcmp(argv[i], "reps") && i + 1 < argc)
			reps = atoi(argv[++i]);
		else if (!strcmp(argv[i], "plant") && i + 1 < argc)
			plant = argv[++i];
		else
			die("%s: not quick, micro, more, reps N or plant OP", argv[i]);
	}
	if (!has_word("floor stock uniform naive mixed", kernel_name) || reps < 1)
		die("usage: bench floor|stock|uniform|naive|mixed [quick] [micro] [more] [reps N] [plant OP]");

	for (const struct kind *kind = kinds; kind->name; kind++) {
		if (!has_word(kind->kernels, kernel_name) || ((kind->keys || kind->armed) && !more))
			continue;
		/* From now on the machine has had a VM. */
		if (kind->vm_elsewhere)
			start_ready(true, &vm, 1, "vm");
		/* A notifier is called once. */
		if (!kind->armed)
			run_one(kind, only_trace ? "trace" : "micro", plant, 0, reps);
		for (const struct test *t = tests; t->name && !only_micro; t++) {
			if (skip(kind, t, kernel_name))
				continue;
			for (int i = 0; i < 8 && t->sizes[i] && !(quick && i >= t->quick); i++)
				run_one(kind, "macro", t->name, t->sizes[i], reps > 1 ? reps : 3);
		}
		if (kind->vm_elsewhere)
			stop(&vm, 1);
	}
	if (!strcmp(kernel_name, "stock") && !only_micro) {
		memory_use("stock-alloc_pgste=1", true, true);
		memory_use("stock-marked-vmm", false, true);
	}
	if ((!strcmp(kernel_name, "mixed") || !strcmp(kernel_name, "naive")) && !only_micro)
		memory_use(kernel_name, false, false);
	printf("@ end\n");
	return 0;
}
