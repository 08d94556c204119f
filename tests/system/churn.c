// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that rewrites and checks its pages and keys without pause, while the
 * process around it does to its memory everything that Linux lets a process do.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

#define LATE		KVM_VM_S390_LATE_MMAP
#define CPUS		2
#define WORK_SEGMENTS	2	/* per CPU */
#define PAGES		64	/* that a CPU works on, spread over its segments */
#define SECONDS		3
#define ROUNDS		3	/* that each guest must get done meanwhile */
#define TIMES		10	/* that the process must do what it does */

#define PGM_PROTECTION	4
#define PGM_ADDRESSING	5

struct worker {
	struct vcpu cpu;
	pthread_t thread;
	int result;
};

static struct machine m;
static struct worker worker[CPUS];
static uint8_t *spare;		/* guest memory of no worker */
static double start;

#define SIZE		((1 + CPUS * WORK_SEGMENTS + 4) * GUEST_SEGMENT)
#define WORK_GPA(cpu)	((1 + (cpu) * WORK_SEGMENTS) * GUEST_SEGMENT)
#define SPARE_GPA	((1 + CPUS * WORK_SEGMENTS) * GUEST_SEGMENT)

static void *work(void *arg)
{
	struct worker *w = arg;

	w->result = guest_do(&w->cpu, GUEST_WORK, WORK_GPA(w->cpu.id), PAGES, GUEST_WORK_KEYS);
	return NULL;
}

static struct guest_ctl *ctl(int cpu)
{
	return guest_ctl(m.mem, cpu);
}

/* @patient: the guest tries again when its memory is away for a moment */
static void start_workers(int patient)
{
	int cpu, rc;

	make_machine(&m, LATE, SIZE, MAP_SHARED);
	spare = m.mem + SPARE_GPA;
	worker[0].cpu = m.cpu;
	for (cpu = 1; cpu < CPUS; cpu++) {
		rc = vcpu_create(&m.vm, cpu, &worker[cpu].cpu);
		require(!rc, "vCPU %d: %s", cpu, strerror(-rc));
	}
	for (cpu = 0; cpu < CPUS; cpu++) {
		if (patient)
			ctl(cpu)->patient = 1UL << PGM_PROTECTION | 1UL << PGM_ADDRESSING;
		rc = pthread_create(&worker[cpu].thread, NULL, work, &worker[cpu]);
		require(!rc, "thread: %s", strerror(rc));
	}
	start = seconds();
}

static int all_rounds(void)
{
	int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		if (((volatile struct guest_ctl *)ctl(cpu))->rounds < ROUNDS)
			return 0;
	return 1;
}

/* Until the guests have got something done, and the process, so often, too. */
static int go_on(int n)
{
	return seconds() - start < SECONDS || n < TIMES || !all_rounds();
}

static void end_workers(void)
{
	int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		((volatile struct guest_ctl *)ctl(cpu))->stop = 1;
	for (cpu = 0; cpu < CPUS; cpu++) {
		pthread_join(worker[cpu].thread, NULL);
		require(worker[cpu].result == GUEST_OK, "CPU %d: %s", cpu,
			guest_text(&worker[cpu].cpu, m.mem, worker[cpu].result));
		require(ctl(cpu)->rounds >= ROUNDS, "CPU %d did %lu rounds", cpu, ctl(cpu)->rounds);
	}
	note("%lu and %lu rounds, %lu and %lu retries", ctl(0)->rounds, ctl(1)->rounds,
	     ctl(0)->retries, ctl(1)->retries);
	for (cpu = 1; cpu < CPUS; cpu++)
		vcpu_destroy(&worker[cpu].cpu);
	machine_destroy(&m);
}

static void undisturbed(void)
{
	start_workers(0);
	while (go_on(TIMES))
		usleep(50000);
	end_workers();
}

static void fork_and_exec(void)
{
	uint8_t *mine = map_segments(8, MAP_PRIVATE);
	int n = 0;
	pid_t pid;

	fill_segments(mine, 8, 4, 1);
	start_workers(0);
	while (go_on(n)) {
		pid = fork();
		if (!pid) {
			if (n & 1) {
				execl("/bin/true", "true", NULL);
				_exit(0);
			}
			check_segments(mine, 8, 4, 1, "child");
			fill_segments(mine, 8, 4, 2);
			munmap(mine, 4 * GUEST_SEGMENT);
			_exit(0);
		}
		wait_ok(pid);
		n++;
	}
	check_segments(mine, 8, 4, 1, "parent");
	note("%d children", n);
	end_workers();
}

static void munmap_and_mmap(void)
{
	int n = 0, s;

	start_workers(0);
	while (go_on(n)) {
		s = n++ % 4;
		memset(spare + s * GUEST_SEGMENT, n, 8 * GUEST_PAGE);
		set_keys(&m.vm, SPARE_GPA / GUEST_PAGE + s * 256, 8, n);
		munmap(spare + s * GUEST_SEGMENT, GUEST_SEGMENT);
		require(guest_memory_at(spare + s * GUEST_SEGMENT, GUEST_SEGMENT, MAP_SHARED),
			"mmap: %s", strerror(errno));
	}
	note("%d times", n);
	end_workers();
}

static void mprotect_under_it(void)
{
	size_t size = CPUS * WORK_SEGMENTS * GUEST_SEGMENT;
	int n = 0;

	start_workers(1);
	while (go_on(n)) {
		require(!mprotect(m.mem + GUEST_DATA, size, PROT_READ), "mprotect: %s", strerror(errno));
		usleep(5000);
		require(!mprotect(m.mem + GUEST_DATA, size, PROT_NONE), "mprotect: %s", strerror(errno));
		usleep(5000);
		require(!mprotect(m.mem + GUEST_DATA, size, PROT_READ | PROT_WRITE), "mprotect: %s",
			strerror(errno));
		usleep(50000);
		n++;
	}
	note("%d times", n);
	end_workers();
}

/* Keys belong to a place in the guest, so only data moves with its pages. */
static void mremap_of_spare_memory(void)
{
	uint8_t *away = map_segments(4, MAP_SHARED);
	int n, s;

	start_workers(0);
	for (n = 0; n < 4; n++)
		memset(spare + n * GUEST_SEGMENT, n + 1, 8 * GUEST_PAGE);
	n = 0;
	while (go_on(n)) {
		require(mremap(spare, 4 * GUEST_SEGMENT, 4 * GUEST_SEGMENT,
			       MREMAP_MAYMOVE | MREMAP_FIXED, away) == away, "mremap: %s", strerror(errno));
		usleep(2000);
		require(mremap(away, 4 * GUEST_SEGMENT, 4 * GUEST_SEGMENT,
			       MREMAP_MAYMOVE | MREMAP_FIXED, spare) == spare, "mremap: %s", strerror(errno));
		for (s = 0; s < 4; s++)
			require(spare[s * GUEST_SEGMENT + 7 * GUEST_PAGE] == s + 1,
				"segment %d moved away and back holds %d", s, spare[s * GUEST_SEGMENT + 7 * GUEST_PAGE]);
		n++;
	}
	note("%d times", n);
	end_workers();
}

static void page_out_under_it(void)
{
	int n = 0;

	swap_on(64);
	start_workers(0);
	while (go_on(n)) {
		madvise(m.mem + GUEST_DATA, CPUS * WORK_SEGMENTS * GUEST_SEGMENT, MADV_PAGEOUT);
		if (n % 4 == 0)
			madvise(m.mem, GUEST_SEGMENT, MADV_PAGEOUT);	/* its code and prefix */
		n++;
		usleep(20000);
	}
	note("%d times", n);
	end_workers();
	swap_off();
}

static void compaction_under_it(void)
{
	uint8_t *holes;
	int n = 0, i;

	if (access("/proc/sys/vm/compact_memory", W_OK))
		skip("no /proc/sys/vm/compact_memory");
	start_workers(0);
	while (go_on(n)) {
		/* every other page freed: something to move, and somewhere to move it */
		holes = map_segments(16, MAP_PRIVATE);
		madvise(holes, 16 * GUEST_SEGMENT, MADV_NOHUGEPAGE);
		for (i = 0; i < 16 * 256; i++)
			holes[i * GUEST_PAGE] = i;
		for (i = n & 1; i < 16 * 256; i += 2)
			madvise(holes + i * GUEST_PAGE, GUEST_PAGE, MADV_DONTNEED);
		write_number("/proc/sys/vm/compact_memory", 1);
		munmap(holes, 16 * GUEST_SEGMENT);
		n++;
	}
	note("%d times", n);
	end_workers();
}

static void key_ioctls_under_it(void)
{
	int n = 0;

	start_workers(0);
	while (go_on(n)) {
		set_keys(&m.vm, SPARE_GPA / GUEST_PAGE, 4 * 256, n);
		check_keys(&m.vm, SPARE_GPA / GUEST_PAGE, 4 * 256, n, "spare memory");
		n++;
	}
	note("%d times", n);
	end_workers();
}

static void slots_come_and_go(void)
{
	uint8_t *mem = map_segments(4, MAP_SHARED);
	int n = 0;

	start_workers(0);
	while (go_on(n)) {
		put_slot(&m.vm, 1, SIZE, mem, 4 * GUEST_SEGMENT);
		set_keys(&m.vm, SIZE / GUEST_PAGE, 512, n);
		check_keys(&m.vm, SIZE / GUEST_PAGE, 512, n, "new slot");
		put_slot(&m.vm, 1, SIZE + 8 * GUEST_SEGMENT, mem, 4 * GUEST_SEGMENT);
		check_keys(&m.vm, SIZE / GUEST_PAGE + 8 * 256, 512, n, "moved slot");
		vm_slot(&m.vm, 1, 0, NULL, 0, 0);
		n++;
	}
	note("%d times", n);
	end_workers();
}

static void more_vms_come_and_go(void)
{
	struct machine other;
	int n = 0;

	start_workers(0);
	while (go_on(n)) {
		make_machine(&other, LATE, 2 * GUEST_SEGMENT, MAP_SHARED);
		run_job(&other, GUEST_SETKEYS, GUEST_DATA, 16, n);
		run_job(&other, GUEST_GETKEYS, GUEST_DATA, 16, n);
		machine_destroy(&other);
		n++;
	}
	note("%d VMs", n);
	end_workers();
}

static const struct test tests[] = {
	{ "a guest's data and keys hold, undisturbed", undisturbed, REFUSES },
	{ "while its process forks and execs", fork_and_exec, REFUSES },
	{ "while other guest memory is unmapped and mapped", munmap_and_mmap, REFUSES },
	{ "while its memory is protected and unprotected", mprotect_under_it, REFUSES },
	{ "while other guest memory moves by mremap", mremap_of_spare_memory, REFUSES },
	{ "while its memory is paged out", page_out_under_it, REFUSES },
	{ "while memory is compacted", compaction_under_it, REFUSES },
	{ "while other keys are set and read by ioctl", key_ioctls_under_it, REFUSES },
	{ "while memory slots come and go", slots_come_and_go, REFUSES },
	{ "while other VMs of the process come and go", more_vms_come_and_go, REFUSES },
};

TAP_MAIN(tests)
