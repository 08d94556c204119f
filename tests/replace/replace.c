// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables replaced under a live process: promoted for guest memory, demoted
 * when the last VM is gone, relocated while the guest runs; each use alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"
#include "replace.h"

#define PAGES		256	/* of a segment */
#define SEGMENTS	8
#define GPA		(8 * GUEST_SEGMENT)
#define SEED		7

/* A machine, and memory that had its 2K tables before there was a VM. */
struct scene {
	struct machine m;
	struct canaries *canaries;
	uint8_t *old;
};

static void make_old_memory(struct scene *s)
{
	s->canaries = canaries_make(4, SEGMENTS);
	s->old = map_segments(SEGMENTS, MAP_SHARED);
	fill_segments(s->old, SEGMENTS, PAGES, SEED);
	require(tables_now().n4k == 0, "there are tables with PGSTEs before the VM");
}

static void make_scene(struct scene *s, unsigned long type)
{
	make_old_memory(s);
	make_machine(&s->m, type, 8 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&s->m.vm, 1, GPA, s->old, SEGMENTS * GUEST_SEGMENT);
}

static void end_scene(struct scene *s)
{
	const char *wrong = canaries_check(s->canaries);

	require(!wrong, "%s", wrong);
	machine_destroy(&s->m);
	munmap(s->old, SEGMENTS * GUEST_SEGMENT);
	canaries_end(s->canaries);
}

static void use_old_memory(struct scene *s)
{
	check_segments(s->old, SEGMENTS, PAGES, SEED, "after promotion");
	run_job(&s->m, GUEST_FILL, GPA, SEGMENTS * PAGES, SEED + 1);
	run_job(&s->m, GUEST_VERIFY, GPA, SEGMENTS * PAGES, SEED + 1);
	run_job(&s->m, GUEST_SETKEYS, GPA, SEGMENTS * PAGES, SEED);
	run_job(&s->m, GUEST_GETKEYS, GPA, SEGMENTS * PAGES, SEED);
	check_keys(&s->m.vm, GPA / GUEST_PAGE, SEGMENTS * PAGES, SEED, "of promoted memory");
}

static void memory_touched_before_the_vm_becomes_guest_memory(void)
{
	long before = promoted();
	struct scene s;

	make_scene(&s, KVM_VM_S390_LATE_MMAP);
	require(promoted() - before == SEGMENTS, "%ld tables promoted for %d segments",
		promoted() - before, SEGMENTS);
	use_old_memory(&s);
	end_scene(&s);
}

static void type_0_needs_nothing_set(void)
{
	struct scene s;

	make_scene(&s, 0);
	expect_mode("mixed");
	use_old_memory(&s);
	end_scene(&s);
}

/* The slot is made while promotion is off: the guest finds 2K tables there. */
static void make_unpromoted_scene(struct scene *s)
{
	set_promote(0);
	make_scene(s, KVM_VM_S390_LATE_MMAP);
	set_promote(1);
}

static void table_the_guest_meets_is_promoted(void)
{
	long before = promoted();
	struct scene s;

	make_unpromoted_scene(&s);
	require(promoted() == before, "tables promoted while that is off");
	use_old_memory(&s);
	require(promoted() - before == SEGMENTS, "%ld tables promoted for %d segments",
		promoted() - before, SEGMENTS);
	end_scene(&s);
}

static void *run_job_begun(void *cpu)
{
	int rc = vcpu_run(cpu);

	require(rc == 1, "KVM_RUN: %s", rc < 0 ? strerror(-rc) : vcpu_exit_text(cpu));
	return NULL;
}

/* Who brings the page is a worker of KVM; the guest goes on meanwhile, and meets it again. */
static void table_the_guest_meets_without_waiting_is_promoted(void)
{
	uint8_t *mem = map_segments(1, MAP_SHARED), page[GUEST_PAGE];
	volatile unsigned long *told;
	long before = promoted();
	struct machine m;
	pthread_t thread;
	int fd;

	memset(page, 1, GUEST_PAGE);
	mem[GUEST_PAGE] = 1;
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	told = &m.ctl->external;
	allow_async_faults(&m.vm);
	put_slot(&m.vm, 1, GPA, mem, GUEST_SEGMENT);
	fd = tell_of_missing(mem, GUEST_SEGMENT);
	run_job(&m, GUEST_FILL, GUEST_DATA, 1, SEED);
	start_without_waiting(&m, GUEST_PEEK, GPA, 1, 0x0101010101010101);
	require(!pthread_create(&thread, NULL, run_job_begun, &m.cpu), "no thread");
	until(*told, "the guest is not told that a page is late");
	fill_missing(fd, mem, page);
	pthread_join(thread, NULL);
	require(m.cpu.run->s.regs.gprs[2] == GUEST_OK, "%s",
		guest_text(&m.cpu, m.mem, m.cpu.run->s.regs.gprs[2]));
	require(promoted() - before == 1, "%ld tables promoted", promoted() - before);
	note("told %lu times", *told);
	close(fd);
	machine_destroy(&m);
	munmap(mem, GUEST_SEGMENT);
}

static void key_ioctl_promotes(void)
{
	struct scene s;

	make_unpromoted_scene(&s);
	set_keys(&s.m.vm, GPA / GUEST_PAGE, SEGMENTS * PAGES, SEED);
	check_keys(&s.m.vm, GPA / GUEST_PAGE, SEGMENTS * PAGES, SEED, "set by ioctl");
	end_scene(&s);
}

static void guest_key_instruction_promotes(void)
{
	struct scene s;

	make_unpromoted_scene(&s);
	run_job(&s.m, GUEST_SETKEYS, GPA, SEGMENTS * PAGES, SEED);
	run_job(&s.m, GUEST_GETKEYS, GPA, SEGMENTS * PAGES, SEED);
	end_scene(&s);
}

/* Another process's guest gives the frames keys, and is gone. */
static void leave_keys_behind(int fd)
{
	struct machine m;
	pid_t pid = fork();

	if (!pid) {
		make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
		put_slot(&m.vm, 1, GPA, map_file(fd, SEGMENTS), SEGMENTS * GUEST_SEGMENT);
		run_job(&m, GUEST_SETKEYS, GPA, SEGMENTS * PAGES, SEED);
		_exit(0);
	}
	wait_ok(pid);
}

static void promoted_page_has_key_zero(void)
{
	uint8_t keys[SEGMENTS * PAGES];
	struct machine m;
	uint8_t *old;
	int i, fd;

	fd = make_file(SEGMENTS * GUEST_SEGMENT);
	leave_keys_behind(fd);
	old = map_file(fd, SEGMENTS);
	fill_segments(old, SEGMENTS, PAGES, SEED);
	make_machine(&m, 0, 8 * GUEST_SEGMENT, MAP_SHARED);
	run_job(&m, GUEST_SETKEYS, GUEST_DATA, 7 * PAGES, SEED);
	put_slot(&m.vm, 1, GPA, old, SEGMENTS * GUEST_SEGMENT);
	require(!vm_get_keys(&m.vm, GPA / GUEST_PAGE, SEGMENTS * PAGES, keys), "no keys");
	for (i = 0; i < SEGMENTS * PAGES; i++)
		require(!(keys[i] & 0xf8), "page %d came with key %02x", i, keys[i]);
	check_keys(&m.vm, GUEST_DATA / GUEST_PAGE, 7 * PAGES, SEED, "of the other memory");
	machine_destroy(&m);
	munmap(old, SEGMENTS * GUEST_SEGMENT);
	close(fd);
}

static void writes_to_promoted_memory_are_logged(void)
{
	uint8_t bitmap[SEGMENTS * PAGES / 8] __attribute__((aligned(8)));
	struct scene s;
	int i;

	make_old_memory(&s);
	make_machine(&s.m, 0, 8 * GUEST_SEGMENT, MAP_SHARED);
	require(!vm_slot(&s.m.vm, 1, GPA, s.old, SEGMENTS * GUEST_SEGMENT, KVM_MEM_LOG_DIRTY_PAGES),
		"no slot");
	run_job(&s.m, GUEST_POKE, GPA, SEGMENTS * PAGES, SEED);
	require(!vm_dirty_log(&s.m.vm, 1, bitmap), "no dirty log");
	for (i = 0; i < SEGMENTS * PAGES; i++)
		require(is_dirty(bitmap, i), "page %d was written and is not in the log", i);
	end_scene(&s);
}

static void swapped_out_memory_is_promoted(void)
{
	struct scene s;

	swap_on(32);
	make_old_memory(&s);
	page_out(s.old, SEGMENTS * GUEST_SEGMENT);
	make_machine(&s.m, 0, 8 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&s.m.vm, 1, GPA, s.old, SEGMENTS * GUEST_SEGMENT);
	use_old_memory(&s);
	end_scene(&s);
	swap_off();
}

static void demote_another_process(void)
{
	struct machine m;
	pid_t pid = fork();

	if (!pid) {
		make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
		expect_mode("mixed");
		machine_destroy(&m);
		until(!strcmp(tables_now().mode, "none"), "mode %s after the only VM", tables_now().mode);
		_exit(0);
	}
	wait_ok(pid);
}

static void demoted_when_the_last_vm_is_gone(void)
{
	struct scene s;
	struct vm other;
	int i;

	make_scene(&s, 0);
	make_vm(&other, 0);
	use_old_memory(&s);
	clear_keys(&s.m.vm, GPA / GUEST_PAGE, SEGMENTS * PAGES);
	machine_destroy(&s.m);
	/* A demotion that began later is over. */
	demote_another_process();
	expect_mode("mixed");
	vm_destroy(&other);
	until(!strcmp(tables_now().mode, "none"), "mode %s after the last VM", tables_now().mode);
	require(tables_now().n4k == 0, "%ld tables with PGSTEs left", tables_now().n4k);
	for (i = 0; i < SEGMENTS * PAGES; i++)
		check_guest_page(s.old + i * GUEST_PAGE, GPA + i * GUEST_PAGE, SEED + 1, "after demotion");
	/* And once more, from the start. */
	make_machine(&s.m, 0, 8 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&s.m.vm, 1, GPA, s.old, SEGMENTS * GUEST_SEGMENT);
	run_job(&s.m, GUEST_VERIFY, GPA, SEGMENTS * PAGES, SEED + 1);
	use_old_memory_again(&s.m, GPA, SEGMENTS * PAGES);
	end_scene(&s);
}

static void new_vm_while_tables_are_demoted(void)
{
	struct machine m;
	struct scene s;
	long before;
	int i, n;

	make_old_memory(&s);
	for (i = 0; i < 30; i++) {
		make_machine(&m, i & 1 ? KVM_VM_S390_LATE_MMAP : 0, 4 * GUEST_SEGMENT, MAP_SHARED);
		put_slot(&m.vm, 1, GPA, s.old, SEGMENTS * GUEST_SEGMENT);
		use_old_memory_again(&m, GPA, SEGMENTS * PAGES);
		before = demoted();
		machine_destroy(&m);
		/* From none to all of the tables; those that carry keys stay, which is all right. */
		for (n = 0; n < 2 && demoted() - before < i % (SEGMENTS + 1); n++)
			demote_another_process();
	}
	make_machine(&s.m, 0, 4 * GUEST_SEGMENT, MAP_SHARED);
	end_scene(&s);
}

static void tables_move_while_the_guest_runs(void)
{
	struct guest_thread guest;
	struct scene s;
	long before = relocated();

	make_scene(&s, 0);
	guest_thread_start(&guest, &s.m, GPA, SEGMENTS * PAGES);
	while (relocated() - before < 500 || *(volatile unsigned long *)&s.m.ctl->rounds < 2)
		relocate(0, 0, -1UL);
	guest_thread_end(&guest);
	note("%ld tables moved under %lu rounds of the guest", relocated() - before,
	     s.m.ctl->rounds);
	end_scene(&s);
}

/*
 * Fail the n-th allocation of the relocation, for n = 1 and so on until one gets
 * through: each failure leaves the process as it was.
 */
static void failed_allocation_changes_nothing(void)
{
	struct page_tables before, now;
	int n, failures = 0;
	uint8_t *mem;

	need_failures();
	mem = map_segments(SEGMENTS, MAP_SHARED);
	fill_segments(mem, SEGMENTS, PAGES, SEED);
	before = tables_now();
	for (n = 1; n < 1000; n++) {
		int moved = relocate_failing(n, mem, SEGMENTS * GUEST_SEGMENT);

		check_segments(mem, SEGMENTS, PAGES, SEED, "after a failed allocation");
		now = tables_now();
		require(now.n2k == before.n2k && now.n4k == before.n4k,
			"%ld tables, before %ld", now.n2k, before.n2k);
		if (moved)
			break;
		failures++;
	}
	note("%d allocations failed, one after the other", failures);
	require(failures >= SEGMENTS, "only %d allocations failed", failures);
	munmap(mem, SEGMENTS * GUEST_SEGMENT);
}

#define FEW	2	/* segments: there is a process for each allocation */

static int create_slot(struct scene *s)
{
	return vm_slot(&s->m.vm, 1, GPA, s->old, FEW * GUEST_SEGMENT, 0);
}

static int run_guest(struct scene *s)
{
	return vcpu_run(&s->m.cpu);
}

typedef int promotes_fn(struct scene *s);

/* An own process for each, as only tables from before its first VM lack PGSTEs. */
static void promote_failing(int n, promotes_fn *promotes, int *failed)
{
	struct scene s = { .old = map_segments(FEW, MAP_SHARED) };
	int rc;

	fill_segments(s.old, FEW, PAGES, SEED);
	make_machine(&s.m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	if (promotes == run_guest) {
		set_promote(0);
		require(!create_slot(&s), "no slot");
		set_promote(1);
		guest_start(&s.m.cpu, GUEST_FILL, GPA, FEW * PAGES, SEED + 1);
	}
	fail_nth(n);
	rc = promotes(&s);
	*failed = fail_nth_end();
	require(rc >= 0 || (*failed && (rc == -ENOMEM || rc == -EFAULT)), "allocation %d: %s", n,
		strerror(-rc));
	if (promotes == create_slot)
		check_segments(s.old, FEW, PAGES, SEED, "after a failed allocation");
	if (rc < 0)
		require(promotes(&s) >= 0, "not even with all memory");
	run_job(&s.m, GUEST_FILL, GPA, FEW * PAGES, SEED + 1);
	run_job(&s.m, GUEST_SETKEYS, GPA, FEW * PAGES, SEED);
	run_job(&s.m, GUEST_VERIFY, GPA, FEW * PAGES, SEED + 1);
	run_job(&s.m, GUEST_GETKEYS, GPA, FEW * PAGES, SEED);
	machine_destroy(&s.m);
	_exit(0);
}

static void promotion_fails(promotes_fn *promotes, const char *what)
{
	int *failed = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int n;

	require(failed != MAP_FAILED, "mmap: %s", strerror(errno));
	for (n = 1; n < 1000; n++) {
		pid_t pid = fork();

		if (!pid)
			promote_failing(n, promotes, failed);
		wait_ok(pid);
		if (!*failed)
			break;
	}
	note("%s: %d allocations failed, one after the other", what, n - 1);
	require(n - 1 >= FEW, "only %d allocations failed", n - 1);
	munmap(failed, GUEST_PAGE);
}

static void failed_allocation_stops_no_promotion(void)
{
	need_failures();
	promotion_fails(create_slot, "creating a slot");
	promotion_fails(run_guest, "running the guest");
}

/*
 * The other table in the page of a moved one stays, so the page does too, and the next
 * table is made in the place of the moved one.
 */
static void table_used_again_is_empty(void)
{
	uint8_t *mem = map_segments(2 * SEGMENTS, MAP_SHARED);
	uint64_t entries[PAGES];
	uint8_t *more;
	int i, page;

	fill_segments(mem, 2 * SEGMENTS, PAGES, SEED);
	for (i = 0; i < 2 * SEGMENTS; i += 2)
		relocate(0, (unsigned long)mem + i * GUEST_SEGMENT,
			 (unsigned long)mem + (i + 1) * GUEST_SEGMENT);
	more = map_segments(SEGMENTS, MAP_PRIVATE);
	for (i = 0; i < SEGMENTS; i++) {
		uint8_t *segment = more + i * GUEST_SEGMENT;

		*(volatile uint8_t *)segment = 1;
		require(!pagemap_read(segment, PAGES, entries), "no pagemap");
		for (page = 1; page < PAGES; page++)
			require(!(entries[page] >> 62), "page %d of segment %d, never touched, is there",
				page, i);
	}
	check_segments(mem, 2 * SEGMENTS, PAGES, SEED, "after half of the tables moved");
	munmap(more, SEGMENTS * GUEST_SEGMENT);
	munmap(mem, 2 * SEGMENTS * GUEST_SEGMENT);
}

/* Whoever punches it must find the table, the old or the new one. */
static void hole_takes_every_page(void)
{
	int round, i, fd = make_file(SEGMENTS * GUEST_SEGMENT);
	size_t size = SEGMENTS * GUEST_SEGMENT;
	uint8_t *mem = map_file(fd, SEGMENTS);
	long before = relocated();
	struct mover mover;

	mover_start(&mover, mem, size);
	for (round = 0; round < 300 || relocated() - before < 300; round++) {
		for (i = 0; i < SEGMENTS * PAGES; i += 16)
			mem[i * GUEST_PAGE] = 1;
		require(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size),
			"hole: %s", strerror(errno));
		for (i = 0; i < SEGMENTS * PAGES; i += 16)
			require(!mem[i * GUEST_PAGE], "page %d is still there after hole %d", i, round);
	}
	mover_end(&mover);
	note("%d holes while %ld tables moved", round, relocated() - before);
	munmap(mem, size);
	close(fd);
}

static const struct test tests[] = {
	{ "memory touched before the VM becomes guest memory",
	  memory_touched_before_the_vm_becomes_guest_memory, NEEDS_KVM },
	{ "type 0 needs nothing set", type_0_needs_nothing_set, NEEDS_KVM },
	{ "a table that the guest meets is promoted", table_the_guest_meets_is_promoted, NEEDS_KVM },
	{ "a table that the guest meets without waiting is promoted",
	  table_the_guest_meets_without_waiting_is_promoted, NEEDS_KVM },
	{ "the key ioctl promotes", key_ioctl_promotes, NEEDS_KVM },
	{ "a key instruction of the guest promotes", guest_key_instruction_promotes, NEEDS_KVM },
	{ "a promoted page has key zero, whatever its frame had", promoted_page_has_key_zero, NEEDS_KVM },
	{ "writes to promoted memory are logged", writes_to_promoted_memory_are_logged, NEEDS_KVM },
	{ "swapped-out memory is promoted", swapped_out_memory_is_promoted, NEEDS_KVM },
	{ "all tables are demoted when the last VM is gone", demoted_when_the_last_vm_is_gone, NEEDS_KVM },
	{ "a VM can be created while tables are demoted", new_vm_while_tables_are_demoted, NEEDS_KVM },
	{ "tables move while the guest runs and checks its memory and keys",
	  tables_move_while_the_guest_runs, NEEDS_KVM },
	{ "an allocation that fails changes nothing", failed_allocation_changes_nothing, 0 },
	{ "a promotion for which an allocation fails is done when there is memory",
	  failed_allocation_stops_no_promotion, NEEDS_KVM },
	{ "a table that is used again is empty", table_used_again_is_empty, 0 },
	{ "a hole punched while tables move takes every page", hole_takes_every_page, 0 },
};

TAP_MAIN(tests)
