// SPDX-License-Identifier: GPL-2.0
/* The frame for test programs: see tap.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmsg.h"
#include "vmm.h"
#include "tap.h"

#define EXIT_SKIP	77
#define REPORT_FD	9	/* a test's last words */
#define SETTLE_MS	10000	/* page tables are freed after a grace period */

static const char *const complaints[] = {
#define COMPLAINT(text)	text,
#include "../../arch-s390/complaints.h"
#undef COMPLAINT
};

/* Numbers that must come back to where they were. */
struct tables {
	long pages_2k, pages_pgste, all;
	/* The kernel's own are never given back: page tables, two to a page, and segment tables. */
	long kernel, kernel_segment;
};

static int log_fd = -1;
static long promote_at_boot;

void log_mark(void)
{
	if (log_fd >= 0)
		close(log_fd);
	log_fd = kmsg_open();
	require(log_fd >= 0, "/dev/kmsg: %s", strerror(errno));
}

const char *log_find(const char *word1, const char *word2, const char *word3)
{
	return kmsg_find(log_fd, word1, word2, word3);
}

static void last_words(int status, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	if (write(REPORT_FD, text, strlen(text)) < 0)
		fprintf(stderr, "# %s\n", text);
	_exit(status);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	last_words(1, fmt, args);
	__builtin_unreachable();
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	last_words(EXIT_SKIP, fmt, args);
	__builtin_unreachable();
}

void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

void wait_ok(int pid)
{
	int status;

	require(pid > 0, "fork: %s", strerror(errno));
	require(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		_exit(1);	/* it has said why */
	require(WIFEXITED(status), "a child was killed by signal %d", WTERMSIG(status));
	require(!WEXITSTATUS(status), "a child ended with status %d", WEXITSTATUS(status));
}

static struct tables count_tables(void)
{
	struct tables t = {
		.pages_2k = read_number("/sys/kernel/mm/pgste/pages_2k"),
		.pages_pgste = read_number("/sys/kernel/mm/pgste/pages_pgste"),
		.all = vmstat("nr_page_table_pages"),
	};
	FILE *f = fopen("/sys/kernel/debug/pgmix-kernel-tables", "r");

	if (f) {
		if (fscanf(f, "%ld %ld", &t.kernel, &t.kernel_segment) != 2)
			t.kernel = t.kernel_segment = 0;
		fclose(f);
	}
	return t;
}

/* NULL if as before, else a text. */
static const char *tables_differ(const struct tables *before)
{
	static char text[256];
	struct tables now;
	long kernel, segment;
	int ms;

	for (ms = 0; ms < SETTLE_MS; ms += 50) {
		now = count_tables();
		kernel = (now.kernel - before->kernel + 1) / 2;
		segment = now.kernel_segment - before->kernel_segment;
		if (now.pages_2k <= before->pages_2k + kernel &&
		    now.pages_pgste <= before->pages_pgste &&
		    now.all <= before->all + kernel + segment)
			return NULL;
		usleep(50000);
	}
	snprintf(text, sizeof(text),
		 "page-table pages not given back: 2K %ld, before %ld; PGSTE %ld, before %ld; all %ld, before %ld; tables of the kernel %ld, before %ld, its segment tables %ld, before %ld",
		 now.pages_2k, before->pages_2k, now.pages_pgste, before->pages_pgste,
		 now.all, before->all, now.kernel, before->kernel, now.kernel_segment,
		 before->kernel_segment);
	return text;
}

/* NULL if clean, else the first bad line; all of them are shown. */
static const char *log_trouble(int fd)
{
	static char first[512];
	char about[256] = "";	/* what a warning is about stands before its own line */
	int cut = 0;
	const char *line;
	size_t i;

	first[0] = 0;
	while ((line = kmsg_next(fd))) {
		for (i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
			if (!strstr(line, complaints[i]))
				continue;
			printf("# kernel: %s\n", line);
			if (!first[0])
				snprintf(first, sizeof(first), "kernel log: %s%s", about, line);
			break;
		}
		about[0] = 0;
		if (cut)
			snprintf(about, sizeof(about), "%s: ", line);
		cut = !!strstr(line, "[ cut here ]");
	}
	return first[0] ? first : NULL;
}

static void run_here(const struct test *test, int number, const char *self)
{
	char arg[16];

	snprintf(arg, sizeof(arg), "%d", number);
	setenv("PGMIX_TEST", arg, 1);	/* for a test that executes itself */
	setpgid(0, 0);
	execl("/proc/self/exe", self, "--one", arg, NULL);
	fail("%s: cannot execute itself: %s", test->name, strerror(errno));
}

static int wait_for(pid_t pid, int *status)
{
	int ms;

	for (ms = 0; ms < tap_seconds() * 1000; ms += 10) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 0;
		usleep(10000);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, status, 0);
	return -ETIMEDOUT;
}

/* Run it in a process of its own. Returns its exit status; why is empty if it passed. */
static int run_process(const struct test *test, int number, const char *self, char *why,
		       size_t size)
{
	int fds[2], status = 0, late;
	ssize_t n;
	pid_t pid;

	if (pipe(fds)) {
		snprintf(why, size, "pipe: %s", strerror(errno));
		return 1;
	}
	if (test->flags & IN_4K)
		write_number(ALLOCATE_PGSTE, 1);
	if (test->flags & NEEDS_KVM)
		write_number(PGSTE_PROMOTE, (test->flags & REFUSES) != REFUSES);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fds[1], REPORT_FD);
		close(fds[0]);
		close(fds[1]);
		run_here(test, number, self);
	}
	close(fds[1]);
	late = pid < 0 ? -errno : wait_for(pid, &status);
	/* as they were, whatever the test did to them */
	write_number(ALLOCATE_PGSTE, 0);
	write_number(PGSTE_PROMOTE, promote_at_boot);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	n = read(fds[0], why, size - 1);
	why[n > 0 ? n : 0] = 0;
	close(fds[0]);

	if (late == -ETIMEDOUT)
		snprintf(why, size, "no end after %d s", tap_seconds());
	else if (late)
		snprintf(why, size, "fork: %s", strerror(-late));
	else if (WIFSIGNALED(status))
		snprintf(why, size, "killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) && !why[0])
		snprintf(why, size, "exit status %d", WEXITSTATUS(status));
	else if (!WEXITSTATUS(status))
		why[0] = 0;
	return late || WIFSIGNALED(status) ? 1 : WEXITSTATUS(status);
}

/* The test, and what must hold after every test. */
static int run_once(const struct test *test, int number, const char *self, char *why,
		    size_t size)
{
	struct tables before = count_tables();
	int log = kmsg_open(), status;
	const char *after;

	status = run_process(test, number, self, why, size);
	after = log_trouble(log);
	close(log);
	if (after && (status == EXIT_SKIP || !why[0])) {
		snprintf(why, size, "%s", after);
		status = 1;
	}
	if (!why[0] && !(test->flags & KEEPS_TABLES)) {
		after = tables_differ(&before);
		if (after) {
			snprintf(why, size, "%s", after);
			status = 1;
		}
	}
	return status;
}

/*
 * On Hercules the first guest that a CPU ever runs can fetch zeros as its first
 * instruction, on any kernel (docs/clients.md). Let that be nobody's guest.
 */
void run_first_guests(void)
{
	long cpu, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	static int done;
	struct machine m;
	cpu_set_t set;
	pid_t pid;

	if (done++)
		return;
	pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid)
		return;
	alarm(30);
	for (cpu = 0; cpu < cpus; cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) ||
		    machine_create(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED))
			continue;
		guest_do(&m.cpu, GUEST_PEEK, GUEST_DATA, 1, 0);
		machine_destroy(&m);
	}
	_exit(0);
}

/* Prints the TAP line; returns 1 if the test failed. */
static int run_test(const struct test *test, int number, const char *self)
{
	int status = EXIT_SKIP;
	char why[600] = "";

	if (test->flags & NEEDS_KVM && access("/dev/kvm", F_OK)) {
		snprintf(why, sizeof(why), "no /dev/kvm: this machine has no SIE");
	} else if (test->flags & IN_4K && access(ALLOCATE_PGSTE, W_OK)) {
		snprintf(why, sizeof(why), "no " ALLOCATE_PGSTE);
	} else {
		if (test->flags & NEEDS_KVM)
			run_first_guests();
		status = run_once(test, number, self, why, sizeof(why));
	}

	if (status == EXIT_SKIP)
		printf("ok %d - %s # SKIP %s\n", number, test->name, why);
	else if (status)
		printf("not ok %d - %s # %s\n", number, test->name, why);
	else
		printf("ok %d - %s\n", number, test->name);
	fflush(stdout);
	return status && status != EXIT_SKIP;
}

/* Touch what this process will use later, so that its own page tables do not count. */
static void warm_up(void)
{
	char deep[128 * 1024];

	memset(deep, 0, sizeof(deep));
	asm volatile("" : : "r" (deep) : "memory");
	count_tables();
}

/* A test's name as one word, as tests/run prints it. */
static const char *slug(const char *name)
{
	static char word[256];
	size_t n = 0;

	for (; *name && n < sizeof(word) - 1; name++) {
		if (isalnum((unsigned char)*name) || *name == '_' || *name == '.')
			word[n++] = *name;
		else if (n && word[n - 1] != '-')
			word[n++] = '-';
	}
	while (n && word[n - 1] == '-')
		n--;
	word[n] = 0;
	return word;
}

/*
 * Whether @want names the test: by number, by its whole name, or, if no name is exactly
 * that, by a shell pattern for any part of the name. NULL: all.
 */
static int is_chosen(const struct test *tests, size_t count, size_t i, const char *want)
{
	char pattern[256];
	size_t j;

	if (!want)
		return 1;
	if (want[strspn(want, "0123456789")] == 0)
		return (size_t)atoi(want) == i + 1;
	for (j = 0; j < count; j++)
		if (!strcmp(slug(tests[j].name), want))
			return i == j;
	snprintf(pattern, sizeof(pattern), "*%s*", want);
	return !fnmatch(pattern, slug(tests[i].name), 0);
}

static int list(const struct test *tests, size_t count, const char *want)
{
	int none = 1;
	size_t i;

	for (i = 0; i < count; i++) {
		if (is_chosen(tests, count, i, want)) {
			printf("%s\n", slug(tests[i].name));
			none = 0;
		}
	}
	return none;
}

int tap_main(int argc, char **argv, const struct test *tests, size_t count)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	size_t i, chosen = 0;
	int failed = 0;
	long n;

	if (only && !strcmp(only, "--list"))
		return list(tests, count, argv[2]);

	if (argc == 3 && !strcmp(argv[1], "--one")) {
		n = atoi(argv[2]);
		if (n < 1 || (size_t)n > count)
			return 2;
		if (tests[n - 1].flags & IN_4K)
			write_number(ALLOCATE_PGSTE, 0);	/* only this process */
		tests[n - 1].run();
		fflush(stdout);
		return 0;
	}
	if (argc > 2) {
		fprintf(stderr, "usage: %s [NUMBER, NAME or pattern], or --list\n", argv[0]);
		return 2;
	}

	for (i = 0; i < count; i++)
		chosen += is_chosen(tests, count, i, only);
	if (!chosen) {
		fprintf(stderr, "%s: no test called \"%s\"; there are:\n", argv[0], only);
		for (i = 0; i < count; i++)
			fprintf(stderr, "%3zu %s\n", i + 1, slug(tests[i].name));
		return 2;
	}
	promote_at_boot = read_number(PGSTE_PROMOTE);
	printf("TAP version 13\n1..%zu\n", chosen);
	warm_up();
	for (i = 0; i < count; i++)
		if (is_chosen(tests, count, i, only))
			failed += run_test(&tests[i], i + 1, argv[0]);
	printf("# %zu run, %d failed\n", chosen, failed);
	return failed ? 1 : 0;
}
