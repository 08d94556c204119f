// SPDX-License-Identifier: GPL-2.0
/*
 * Things at the same time: creating the VM while other threads fault in memory, fork
 * or map; running the guest while its memory goes away under it; key ioctls on memory
 * that vanishes; the end of a process in the middle of it all.
 */
#include <errno.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

#define LATE		KVM_VM_S390_LATE_MMAP
#define THREADS		4
#define SEGMENTS	24	/* per thread */
#define SECONDS		2
#define TIMES		100	/* at least */
#define PAGES		256

#define PGM_PROTECTION	4
#define PGM_ADDRESSING	5
#define PATIENT		(1UL << PGM_PROTECTION | 1UL << PGM_ADDRESSING)

static volatile int stop;
static pthread_barrier_t barrier;

static void start_thread(pthread_t *thread, void *(*body)(void *), void *arg)
{
	int rc = pthread_create(thread, NULL, body, arg);

	require(!rc, "thread: %s", strerror(rc));
}

static void *touch_memory(void *arg)
{
	pthread_barrier_wait(&barrier);
	fill_segments(arg, SEGMENTS, 3, 4);
	return NULL;
}

static void *create_late_vm(void *arg)
{
	pthread_barrier_wait(&barrier);
	make_vm(arg, LATE);
	return NULL;
}

/* Whatever the moment, every table is of one kind, and the sums agree. */
static void vm_creation_races_with_faults(void)
{
	struct page_tables before, after;
	pthread_t thread[THREADS + 1];
	uint8_t *mem[THREADS];
	struct vm vm;
	pid_t pid;
	int i, run;

	for (run = 0; run < 8; run++) {
		pid = fork();
		if (pid) {
			wait_ok(pid);
			continue;
		}
		pthread_barrier_init(&barrier, NULL, THREADS + 1);
		for (i = 0; i < THREADS; i++)
			mem[i] = map_segments(SEGMENTS, MAP_PRIVATE);
		start_thread(&thread[THREADS], create_late_vm, &vm);
		for (i = 0; i < THREADS; i++)
			start_thread(&thread[i], touch_memory, mem[i]);
		for (i = 0; i <= THREADS; i++)
			pthread_join(thread[i], NULL);
		expect_mode("mixed");
		for (i = 0; i < THREADS; i++)
			check_segments(mem[i], SEGMENTS, 3, 4, "touched while the VM was created");
		before = tables_now();
		for (i = 0; i < THREADS; i++)
			munmap(mem[i], SEGMENTS * GUEST_SEGMENT);
		after = tables_now();
		require(before.n2k + before.n4k - after.n2k - after.n4k == THREADS * SEGMENTS,
			"%d segments were %ld tables of 2K and %ld of 4K", THREADS * SEGMENTS,
			before.n2k - after.n2k, before.n4k - after.n4k);
		vm_destroy(&vm);
		_exit(0);
	}
}

static atomic_int forks;

static void *fork_a_lot(void *arg)
{
	pid_t pid;
	int status;

	(void)arg;
	while (!stop) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, &status, 0);
		forks++;
	}
	return NULL;
}

static void vm_creation_races_with_fork(void)
{
	uint8_t *mem = map_segments(8, MAP_PRIVATE);
	pthread_t thread;
	int run, before;
	pid_t pid;

	fill_segments(mem, 8, 3, 1);
	for (run = 0; run < 8; run++) {
		pid = fork();
		if (!pid) {
			struct vm vm;

			start_thread(&thread, fork_a_lot, NULL);
			/* It has forked so often when the VM is created, and does after. */
			until(forks > run, "%d forks", forks);
			make_vm(&vm, LATE);
			before = forks;
			until(forks > before + 1, "%d forks after %d", forks, before);
			stop = 1;
			pthread_join(thread, NULL);
			expect_mode("mixed");
			check_segments(mem, 8, 3, 1, "forked while the VM was created");
			_exit(0);
		}
		wait_ok(pid);
	}
}

struct attempt {
	unsigned long type;
	int result;
};

static void *attempt_type(void *arg)
{
	struct attempt *a = arg;
	struct vm vm;

	pthread_barrier_wait(&barrier);
	a->result = vm_create(&vm, a->type);
	if (!a->result)
		vm_destroy(&vm);
	return NULL;
}

static void two_types_at_once(void)
{
	struct attempt a[3];
	pthread_t thread[3];
	pid_t pid;
	int run, i, type_0 = read_number(PGSTE_PROMOTE) == 1 ? 0 : -EINVAL;

	for (run = 0; run < 20; run++) {
		pid = fork();
		if (pid) {
			wait_ok(pid);
			continue;
		}
		pthread_barrier_init(&barrier, NULL, 3);
		a[0].type = LATE;
		a[1].type = 0;
		a[2].type = LATE | KVM_VM_S390_UCONTROL;
		for (i = 0; i < 3; i++)
			start_thread(&thread[i], attempt_type, &a[i]);
		for (i = 0; i < 3; i++)
			pthread_join(thread[i], NULL);
		require(!a[0].result && a[1].result == type_0 && !a[2].result,
			"LATE %d, 0 %d, LATE|UCONTROL %d", a[0].result, a[1].result, a[2].result);
		_exit(0);
	}
}

static void *spin_guest(void *arg)
{
	struct machine *m = arg;

	/* EFAULT is an answer too: the memory was not there at that moment */
	while (!stop) {
		int rc = guest_do(&m->cpu, GUEST_SPIN, GUEST_DATA, 4 * PAGES, 0);

		require(rc == GUEST_OK || rc == -EFAULT || rc == GUEST_PGM, "%s",
			guest_text(&m->cpu, m->mem, rc));
	}
	return NULL;
}

static void run_races_with_munmap(void)
{
	struct machine m;
	pthread_t thread;
	double start;
	int n = 0, s;

	make_machine(&m, LATE, 5 * GUEST_SEGMENT, MAP_SHARED);
	m.ctl->patient = PATIENT;
	start_thread(&thread, spin_guest, &m);
	start = seconds();
	while (seconds() - start < SECONDS || n < TIMES) {
		s = 1 + n++ % 4;
		munmap(m.mem + s * GUEST_SEGMENT, GUEST_SEGMENT);
		if (n % 3 == 0)
			sched_yield();
		require(guest_memory_at(m.mem + s * GUEST_SEGMENT, GUEST_SEGMENT, MAP_SHARED),
			"mmap: %s", strerror(errno));
	}
	stop = 1;
	((volatile struct guest_ctl *)m.ctl)->stop = 1;
	pthread_join(thread, NULL);
	note("%d times, %lu rounds, %lu retries", n, m.ctl->rounds, m.ctl->retries);
	m.ctl->stop = 0;
	run_job(&m, GUEST_FILL, GUEST_DATA, 4 * PAGES, 1);
	run_job(&m, GUEST_VERIFY, GUEST_DATA, 4 * PAGES, 1);
	machine_destroy(&m);
}

static void *keys_without_end(void *arg)
{
	struct machine *m = arg;
	uint8_t keys[4 * PAGES];
	int rc;

	memset(keys, 0x50, sizeof(keys));
	while (!stop) {
		rc = vm_set_keys(&m->vm, GUEST_DATA / GUEST_PAGE, 4 * PAGES, keys);
		require(!rc || rc == -EFAULT, "SET_SKEYS: %s", strerror(-rc));
		rc = vm_get_keys(&m->vm, GUEST_DATA / GUEST_PAGE, 4 * PAGES, keys);
		require(!rc || rc == -EFAULT || rc == KVM_S390_GET_SKEYS_NONE, "GET_SKEYS: %d", rc);
		memset(keys, 0x50, sizeof(keys));
	}
	return NULL;
}

static void keys_race_with_munmap(void)
{
	struct machine m;
	pthread_t thread;
	double start;
	int n = 0, s;

	make_machine(&m, LATE, 5 * GUEST_SEGMENT, MAP_SHARED);
	start_thread(&thread, keys_without_end, &m);
	start = seconds();
	while (seconds() - start < SECONDS || n < TIMES) {
		s = 1 + n++ % 4;
		munmap(m.mem + s * GUEST_SEGMENT, GUEST_SEGMENT);
		require(guest_memory_at(m.mem + s * GUEST_SEGMENT, GUEST_SEGMENT,
					n & 4 ? MAP_SHARED : MAP_PRIVATE), "mmap: %s", strerror(errno));
		memset(m.mem + s * GUEST_SEGMENT, 1, GUEST_PAGE);
	}
	stop = 1;
	pthread_join(thread, NULL);
	note("%d times", n);
	machine_destroy(&m);
}

static atomic_int slots;

static void *destroy_slot(void *arg)
{
	struct machine *m = arg;

	for (; !stop; slots++) {
		vm_slot(&m->vm, 1, 0, NULL, 0, 0);
		vm_slot(&m->vm, 1, 5 * GUEST_SEGMENT, m->mem + GUEST_SEGMENT, 4 * GUEST_SEGMENT, 0);
	}
	return NULL;
}

/* Two guest addresses for one piece of memory is not allowed: the second is refused, not endless. */
static void aliased_slots_race_with_run(void)
{
	pthread_t thread[2];
	struct machine m;
	int rc;

	make_machine(&m, LATE, 5 * GUEST_SEGMENT, MAP_SHARED);
	m.ctl->patient = PATIENT;
	start_thread(&thread[0], spin_guest, &m);
	start_thread(&thread[1], destroy_slot, &m);
	until(slots >= TIMES, "the slot came and went %d times", slots);
	stop = 1;
	((volatile struct guest_ctl *)m.ctl)->stop = 1;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	m.ctl->stop = 0;
	vm_slot(&m.vm, 1, 0, NULL, 0, 0);
	rc = guest_do(&m.cpu, GUEST_POKE, GUEST_DATA, PAGES, 1);
	require(rc == GUEST_OK, "%s", guest_text(&m.cpu, m.mem, rc));
	machine_destroy(&m);
}

static void killed_in_the_middle(void)
{
	struct canaries *canaries = canaries_make(4, 8);
	struct machine m;
	pthread_t thread;
	pid_t pid;
	int i;

	for (i = 0; i < 10; i++) {
		pid = fork();
		if (!pid) {
			make_machine(&m, LATE, 5 * GUEST_SEGMENT, MAP_SHARED);
			m.ctl->patient = PATIENT;
			start_thread(&thread, spin_guest, &m);
			keys_without_end(&m);
		}
		usleep(20000 + i * 7000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	require(!canaries_check(canaries), "%s", canaries_check(canaries));
	canaries_end(canaries);
}

/* --- slots change while a page fault of the guest waits ------------------------------- */

#define SLOT_GPA	(16 * GUEST_SEGMENT)
#define OTHER_GPA	(32 * GUEST_SEGMENT)

struct waiting {
	struct machine m;
	uint8_t *before, *after;	/* begin with the words 1 and 2 */
	void (*change)(struct waiting *w);
	volatile int changed;
};

static void *read_word(void *arg)
{
	struct waiting *w = arg;

	guest_do(&w->m.cpu, GUEST_PEEK, SLOT_GPA, 1, 1);
	return NULL;
}

static void slot_deleted(struct waiting *w)
{
	vm_slot(&w->m.vm, 1, SLOT_GPA, NULL, 0, 0);
}

static void slot_replaced(struct waiting *w)
{
	slot_deleted(w);
	put_slot(&w->m.vm, 1, SLOT_GPA, w->after, GUEST_SEGMENT);
}

static void slot_moved(struct waiting *w)
{
	put_slot(&w->m.vm, 1, OTHER_GPA, w->before, GUEST_SEGMENT);
}

static void *change_slot(void *arg)
{
	struct waiting *w = arg;

	w->change(w);
	w->changed = 1;
	return NULL;
}

/*
 * @change happens after the fault has begun and before its page is there; or on Linux 6.12,
 * where a change waits for faults, after it.
 */
static void while_a_fault_waits(struct waiting *w, void (*change)(struct waiting *w))
{
	unsigned long page[GUEST_PAGE / sizeof(long)] = { 1 };
	struct uffd_msg msg;
	pthread_t thread, changer;
	int fd, ms;

	make_machine(&w->m, LATE, 2 * GUEST_SEGMENT, MAP_SHARED);
	w->before = map_segments(1, MAP_SHARED);
	w->after = map_segments(1, MAP_SHARED);
	*(unsigned long *)w->after = 2;
	put_slot(&w->m.vm, 1, SLOT_GPA, w->before, GUEST_SEGMENT);
	fd = tell_of_missing(w->before, GUEST_SEGMENT);
	start_thread(&thread, read_word, w);
	until(read(fd, &msg, sizeof(msg)) == sizeof(msg), "the guest's fault is not told of");
	w->change = change;
	w->changed = 0;
	start_thread(&changer, change_slot, w);
	for (ms = 0; ms < 2000 && !w->changed; ms += 10)
		usleep(10000);
	fill_missing(fd, w->before, page);
	pthread_join(thread, NULL);
	pthread_join(changer, NULL);
	close(fd);
}

static void end_waiting(struct waiting *w)
{
	machine_destroy(&w->m);
	munmap(w->before, GUEST_SEGMENT);
	munmap(w->after, GUEST_SEGMENT);
}

static void slots_change_while_a_fault_waits(void)
{
	struct waiting w;
	int rc;

	while_a_fault_waits(&w, slot_deleted);
	rc = guest_do(&w.m.cpu, GUEST_PEEK, SLOT_GPA, 1, 1);
	require(rc == -EFAULT || rc == GUEST_PGM, "in a slot that was deleted: %s",
		guest_text(&w.m.cpu, w.m.mem, rc));
	end_waiting(&w);
	while_a_fault_waits(&w, slot_replaced);
	run_job(&w.m, GUEST_PEEK, SLOT_GPA, 1, 2);
	end_waiting(&w);
	while_a_fault_waits(&w, slot_moved);
	run_job(&w.m, GUEST_PEEK, OTHER_GPA, 1, 1);
	end_waiting(&w);
}

/* --- the prefix area goes and comes back, over and over -------------------------------- */

static void *run_whatever_happens(void *arg)
{
	struct machine *m = arg;
	int rc;

	do
		rc = vcpu_run(&m->cpu);
	while (rc == -EFAULT && !stop);
	require(rc == 1 || stop, "KVM_RUN: %s", rc < 0 ? strerror(-rc) : vcpu_exit_text(&m->cpu));
	return NULL;
}

static void prefix_area_comes_and_goes(void)
{
	volatile unsigned long *rounds;
	unsigned long before;
	struct machine m;
	pthread_t thread;
	uint8_t *prefix;
	double end;
	int times;

	stop = 0;
	make_machine(&m, 0, 8 * GUEST_SEGMENT, MAP_SHARED);
	rounds = &m.ctl->rounds;
	prefix = map_segments(1, MAP_SHARED);
	memcpy(prefix, m.mem, 2 * GUEST_PAGE);
	put_slot(&m.vm, 1, SLOT_GPA, prefix, GUEST_SEGMENT);
	guest_start(&m.cpu, GUEST_SPIN, GUEST_DATA, 4, 0);
	m.cpu.run->s.regs.prefix = SLOT_GPA;
	m.cpu.run->kvm_dirty_regs |= KVM_SYNC_PREFIX;
	start_thread(&thread, run_whatever_happens, &m);
	end = seconds() + SECONDS;
	for (times = 0; times < TIMES || seconds() < end; times++) {
		before = *rounds;
		until(*rounds != before, "the guest does not go on after %d times", times);
		munmap(prefix, GUEST_SEGMENT);
		require(guest_memory_at(prefix, GUEST_SEGMENT, MAP_SHARED) == prefix, "mmap: %s",
			strerror(errno));
	}
	note("%d times", times);
	stop = 1;
	*(volatile unsigned long *)&m.ctl->stop = 1;
	pthread_join(thread, NULL);
	machine_destroy(&m);
	munmap(prefix, GUEST_SEGMENT);
}

/* --- the gmap of a VM is exchanged ------------------------------------------------------ */

#define LARGE	(16UL << 30)

static void *slot_comes_and_goes(void *arg)
{
	struct vm *vm = arg;
	void *mem = mmap(NULL, LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t at = ((uintptr_t)mem + GUEST_SEGMENT - 1) & -GUEST_SEGMENT;

	require(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	while (!stop) {
		vm_slot(vm, 0, 0, (void *)at, LARGE - GUEST_SEGMENT, 0);
		vm_slot(vm, 0, 0, NULL, 0, 0);
	}
	munmap(mem, LARGE);
	return NULL;
}

static void limit_is_set_while_slots_are_made(void)
{
	uint64_t limit = 2 * LARGE;
	double end = seconds() + SECONDS;
	pthread_t thread;
	struct vm vm;
	int times, rc;

	stop = 0;
	make_vm(&vm, LATE);
	start_thread(&thread, slot_comes_and_goes, &vm);
	for (times = 0; times < TIMES || seconds() < end; times++) {
		rc = vm_mem_attr(&vm, KVM_S390_VM_MEM_LIMIT_SIZE, &limit);
		require(!rc, "KVM_S390_VM_MEM_LIMIT_SIZE: %s", strerror(-rc));
	}
	stop = 1;
	pthread_join(thread, NULL);
	vm_destroy(&vm);
}

static const struct test tests[] = {
	BOTH_WAYS("a VM created while threads fault in memory", vm_creation_races_with_faults),
	BOTH_WAYS("a VM created while a thread forks", vm_creation_races_with_fork),
	BOTH_WAYS("VMs of three types created at once", two_types_at_once),
	BOTH_WAYS("a guest whose memory is unmapped and mapped under it", run_races_with_munmap),
	BOTH_WAYS("key ioctls on memory that vanishes", keys_race_with_munmap),
	BOTH_WAYS("slots that alias running guest memory", aliased_slots_race_with_run),
	BOTH_WAYS("processes killed in the middle", killed_in_the_middle),
	{ "slots that change while a page fault of the guest waits", slots_change_while_a_fault_waits,
	  NEEDS_KVM },
	{ "a prefix area that is unmapped and mapped again", prefix_area_comes_and_goes, NEEDS_KVM },
	{ "the guest's limit set while slots are made", limit_is_set_while_slots_are_made, NEEDS_KVM },
};

TAP_MAIN(tests)
