// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, at random: tables of a process are promoted, demoted and
 * moved while its threads fault, unmap, protect, move, swap out, punch holes,
 * merge and fork, and a guest checks its memory and keys.
 *
 * As a test each scene lasts until some hundred tables are replaced; STRESS_SECONDS and SEED
 * in the environment make it longer or repeat a run. With STRESS_FAIL=N one allocation of N
 * fails, at random, of those that the test's process asks for; the guest does not run then:
 * stock Linux turns a page fault of a guest without memory into an addressing exception.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "replace.h"

#define THREADS		3
#define PAGE		4096UL
/* Not whole segments: neighbours share page tables, so all locks are needed. */
#define REGION_PAGES	700
#define REGION		(REGION_PAGES * PAGE)
#define GUEST_PAGES	1024
#define ACTIONS		5	/* of each thread, at least */

struct worker {
	pthread_t thread;
	int number;
	unsigned int seed;
	uint8_t *mem;		/* REGION_PAGES, each page begins with its word */
	int fd;			/* shared memory, or -1: private anonymous */
	atomic_ulong actions;
};

static atomic_int stop;

/* One allocation of so many fails; 0: none. */
static unsigned int failing;

static unsigned int setting(const char *name, unsigned int value)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : value;
}

/* What failed for want of memory is done again: it must have changed nothing. */
static int again(void)
{
	return failing && (errno == ENOMEM || errno == EAGAIN || errno == ENFILE || errno == ENOSPC);
}

#define PERSIST(call)						\
	({							\
		long persist_rc;				\
								\
		do						\
			persist_rc = (long)(call);		\
		while (persist_rc == -1 && again());		\
		persist_rc;					\
	})

/* While a region is away, or a part unmapped, there is a hole nobody else may be given. */
static pthread_mutex_t holes = PTHREAD_MUTEX_INITIALIZER;

static unsigned long word(const struct worker *w, int page)
{
	return guest_word(page, w->number + 1);
}

static unsigned long *slot(const struct worker *w, int page)
{
	return (unsigned long *)(w->mem + page * PAGE);
}

static void fill(struct worker *w, int from, int pages)
{
	int i;

	for (i = from; i < from + pages; i++)
		*slot(w, i) = word(w, i);
}

static void verify(const struct worker *w, const char *when)
{
	int i;

	for (i = 0; i < REGION_PAGES; i++)
		require(*slot(w, i) == word(w, i), "worker %d, page %d %s: %lx, not %lx",
			w->number, i, when, *slot(w, i), word(w, i));
}

static void map(struct worker *w, uint8_t *at, int from, int pages)
{
	int flags = MAP_FIXED | (w->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
	long p = PERSIST(mmap(at + from * PAGE, pages * PAGE, PROT_READ | PROT_WRITE, flags, w->fd,
			      w->fd < 0 ? 0 : from * PAGE));

	require(p != -1, "mmap: %s", strerror(errno));
}

static void remap_part(struct worker *w, int from, int pages)
{
	pthread_mutex_lock(&holes);
	PERSIST(munmap(slot(w, from), pages * PAGE));
	map(w, w->mem, from, pages);
	pthread_mutex_unlock(&holes);
	fill(w, from, pages);
}

static void zap_part(struct worker *w, int from, int pages)
{
	int i;

	if (w->fd >= 0)
		require(!PERSIST(fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					   from * PAGE, pages * PAGE)), "hole: %s", strerror(errno));
	else
		require(!PERSIST(madvise(slot(w, from), pages * PAGE, MADV_DONTNEED)), "%s",
			strerror(errno));
	for (i = from; i < from + pages; i++)
		require(!*slot(w, i), "worker %d, page %d was zapped: %lx", w->number, i, *slot(w, i));
	fill(w, from, pages);
}

static void protect_part(struct worker *w, int from, int pages)
{
	require(!PERSIST(mprotect(slot(w, from), pages * PAGE, PROT_READ)), "%s",
		strerror(errno));
	verify(w, "read-only");
	require(!PERSIST(mprotect(slot(w, from), pages * PAGE, PROT_READ | PROT_WRITE)), "%s",
		strerror(errno));
	fill(w, from, pages);
}

static void *move(void *from, void *to)
{
	return (void *)PERSIST(mremap(from, REGION, REGION, MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

/* To another address and back to the neighbours. */
static void move_there_and_back_locked(struct worker *w)
{
	void *home = w->mem, *away;

	away = (void *)PERSIST(mmap(NULL, REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	require(away != MAP_FAILED, "mmap: %s", strerror(errno));
	/* After a partial change the region is several mappings: they do not move as one. */
	if (move(home, away) != away) {
		require(errno == EFAULT, "mremap: %s", strerror(errno));
		PERSIST(munmap(away, REGION));
		return;
	}
	w->mem = away;
	verify(w, "moved");
	require(move(away, home) == home, "mremap back: %s", strerror(errno));
	w->mem = home;
}

static void move_there_and_back(struct worker *w)
{
	pthread_mutex_lock(&holes);
	move_there_and_back_locked(w);
	pthread_mutex_unlock(&holes);
}

static void fork_and_verify(struct worker *w)
{
	pid_t pid = PERSIST(fork());

	if (!pid) {
		verify(w, "in a child");
		if (w->fd < 0)
			memset(slot(w, 0), 0xff, PAGE);
		_exit(0);
	}
	wait_ok(pid);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int from, pages;

	while (!stop) {
		from = rand_r(&w->seed) % REGION_PAGES;
		pages = rand_r(&w->seed) % (REGION_PAGES - from) + 1;
		switch (rand_r(&w->seed) % 9) {
		case 0:
			remap_part(w, from, pages);
			break;
		case 1:
			zap_part(w, from, pages);
			break;
		case 2:
			protect_part(w, from, pages);
			break;
		case 3:
			/* Without a swap device, or with a page in use: nothing happens. */
			madvise(slot(w, from), pages * PAGE, MADV_PAGEOUT);
			break;
		case 4:
			move_there_and_back(w);
			break;
		case 5:
			fork_and_verify(w);
			break;
		case 6:
			madvise(slot(w, from), pages * PAGE,
				rand_r(&w->seed) & 1 ? MADV_MERGEABLE : MADV_UNMERGEABLE);
			break;
		default:
			fill(w, from, pages);
			break;
		}
		verify(w, "after an action");
		w->actions++;
	}
	return NULL;
}

static void workers_start(struct worker *w, unsigned int seed)
{
	uint8_t *home = mmap(NULL, THREADS * REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, rc;

	require(home != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .number = i, .seed = seed + i, .fd = -1,
					.mem = home + i * REGION };
		if (i & 1) {
			w[i].fd = memfd_create("stress", 0);
			require(w[i].fd >= 0 && !ftruncate(w[i].fd, REGION), "memfd: %s",
				strerror(errno));
		}
		map(&w[i], w[i].mem, 0, REGION_PAGES);
		fill(&w[i], 0, REGION_PAGES);
		/* Its stack must not be mapped where a worker has made a hole for a moment. */
		pthread_mutex_lock(&holes);
		rc = pthread_create(&w[i].thread, NULL, work, &w[i]);
		pthread_mutex_unlock(&holes);
		require(!rc, "no thread: %s", strerror(rc));
	}
}

static unsigned long workers_end(struct worker *w)
{
	unsigned long actions = 0;
	int i;

	stop = 1;
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		actions += w[i].actions;
	}
	for (i = 0; i < THREADS; i++)
		munmap(w[i].mem, REGION);
	return actions;
}

/* Allocations are to fail for this process only: /init cannot persist. */
static void may_fail(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	char path[64];

	require(tasks, "/proc/self/task: %s", strerror(errno));
	while ((task = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/make-it-fail", task->d_name);
		write_number(path, 1);
	}
	closedir(tasks);
	set_failures("task-filter", 1);
}

/* Once the workers run: from here on only what persists is done. */
static void begin_failures(void)
{
	unsigned int one_of = setting("STRESS_FAIL", 0);

	if (!one_of)
		return;
	need_failures();
	may_fail();
	note("one allocation of %u fails", one_of);
	/* Of every so many allocations, however they are asked for, one is tried: 10 % of these. */
	set_failures("ignore-gfp-highmem", 0);
	set_failures("times", -1);
	set_failures("interval", one_of / 10 ?: 1);
	failing = one_of;
	set_failures("probability", 10);
}

static void end_failures(void)
{
	/* Opening the file can fail. */
	while (failing && set_failures("probability", 0))
		usleep(1000);
	failing = 0;
}

/* All of a range's tables, or as many as there is memory for. */
static void move_tables(unsigned long start, unsigned long end)
{
	char line[64];
	int fd;

	if (!failing) {
		relocate(0, start, end);
		return;
	}
	fd = PERSIST(open("/sys/kernel/debug/pgmix/relocate", O_WRONLY));
	require(fd >= 0, "pgmix/relocate: %s", strerror(errno));
	snprintf(line, sizeof(line), "%d %lx %lx", getpid(), start, end);
	require(write(fd, line, strlen(line)) > 0 || errno == EINTR || again(), "relocate %s: %s", line,
		strerror(errno));
	close(fd);
}

static unsigned int begin(const char *what)
{
	unsigned int seed = setting("SEED", 1 + getpid());

	note("%s: SEED=%u", what, seed);
	write_number("/sys/kernel/mm/ksm/run", 1);
	swap_on(64);
	return seed;
}

static void end(void)
{
	swap_off();
	write_number("/sys/kernel/mm/ksm/run", 2);
	write_number("/sys/kernel/mm/ksm/run", 0);
}

/*
 * Long enough: so many tables replaced, or, if STRESS_SECONDS says so, so long.
 */
struct goal {
	double until;
	long tables;
};

static struct goal goal(long tables)
{
	unsigned int time = setting("STRESS_SECONDS", 0);

	return (struct goal){ .until = time ? seconds() + time : 0, .tables = tables };
}

static int reached(const struct goal *goal, long tables, const struct worker *w)
{
	int i;

	for (i = 0; i < THREADS; i++)
		if (w[i].actions < ACTIONS)
			return 0;
	return goal->until ? seconds() > goal->until : tables >= goal->tables;
}

/* No KVM needed: one kind of table only, but every walker there is. */
static void tables_move_under_load(void)
{
	unsigned int seed = begin("moving");
	struct worker w[THREADS];
	struct goal enough = goal(300);
	unsigned long actions;
	long before = relocated();
	int i;

	workers_start(w, seed);
	begin_failures();
	for (i = 0; !reached(&enough, relocated() - before, w); i++) {
		move_tables(0, -1UL);
		if (i % 32 == 0)
			write_number("/proc/sys/vm/compact_memory", 1);
	}
	end_failures();
	actions = workers_end(w);
	note("%lu actions, %ld tables moved", actions, relocated() - before);
	end();
}

static void tables_move_under_load_and_a_guest(void)
{
	unsigned int seed = begin("moving, with a guest");
	struct guest_thread guest;
	struct worker w[THREADS];
	struct goal enough = goal(300);
	long before = relocated();
	unsigned long actions;
	struct machine m;
	int i;

	if (setting("STRESS_FAIL", 0))
		skip("a guest does not run with STRESS_FAIL");
	make_machine(&m, 0, 8 * GUEST_SEGMENT, MAP_SHARED);
	guest_thread_start(&guest, &m, GUEST_DATA, GUEST_PAGES);
	workers_start(w, seed);
	for (i = 0; !reached(&enough, relocated() - before, w); i++) {
		relocate(0, 0, -1UL);
		if (i % 8 == 0)
			madvise(m.mem + GUEST_DATA, GUEST_PAGES * PAGE, MADV_PAGEOUT);
		if (i % 32 == 0)
			write_number("/proc/sys/vm/compact_memory", 1);
	}
	actions = workers_end(w);
	guest_thread_end(&guest);
	note("%lu actions, %ld tables moved under %lu rounds of the guest", actions,
	     relocated() - before, m.ctl->rounds);
	machine_destroy(&m);
	end();
}

static void machine_when_there_is_memory(struct machine *m, unsigned long type)
{
	int rc;

	do
		rc = machine_create(m, type, 4 * GUEST_SEGMENT, MAP_SHARED);
	while (rc && (errno = -rc, again()));
	require(!rc, "a machine of type %lu: %s", type, strerror(-rc));
}

static void slot_when_there_is_memory(struct vm *vm, void *from, size_t size)
{
	int rc;

	do
		rc = vm_slot(vm, 1, 8 * GUEST_SEGMENT, from, size, 0);
	while (rc && (errno = -rc, again()));
	require(!rc, "a memory slot: %s", strerror(-rc));
}

/* VMs come and go, with all memory of the workers in their slots. */
static void kinds_change_under_load(void)
{
	unsigned int seed = begin("promoting and demoting");
	long up = promoted(), down = demoted();
	struct goal enough = goal(100);
	unsigned int random = seed;
	struct worker w[THREADS];
	unsigned long actions;
	struct machine m;
	uint8_t *from;
	size_t size;
	int vms;

	workers_start(w, seed);
	begin_failures();
	from = (uint8_t *)((unsigned long)w[0].mem & -GUEST_SEGMENT);
	size = (THREADS * REGION + 2 * GUEST_SEGMENT - 1) & -GUEST_SEGMENT;
	for (vms = 0; !reached(&enough, demoted() - down, w); vms++) {
		pthread_mutex_lock(&holes);
		machine_when_there_is_memory(&m, random & 1 ? KVM_VM_S390_LATE_MMAP : 0);
		pthread_mutex_unlock(&holes);
		slot_when_there_is_memory(&m.vm, from, size);
		if (!failing)
			run_job(&m, GUEST_FILL, GUEST_DATA, 256, vms);
		if (rand_r(&random) & 1)
			move_tables((unsigned long)from, (unsigned long)from + size);
		if (!failing)
			run_job(&m, GUEST_VERIFY, GUEST_DATA, 256, vms);
		machine_destroy(&m);
		/* From right into the middle of demotion to after it. */
		usleep(rand_r(&random) % 60000);
	}
	end_failures();
	actions = workers_end(w);
	note("%lu actions, %d VMs, %ld tables promoted, %ld demoted", actions, vms,
	     promoted() - up, demoted() - down);
	require(promoted() - up > 20, "%ld tables promoted", promoted() - up);
	end();
}

static const struct test tests[] = {
	{ "tables move under load", tables_move_under_load, 0 },
	{ "tables move under load and a guest that checks itself",
	  tables_move_under_load_and_a_guest, NEEDS_KVM },
	{ "tables are promoted and demoted under load", kinds_change_under_load, NEEDS_KVM },
};

TAP_MAIN(tests)
