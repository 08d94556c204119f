// SPDX-License-Identifier: GPL-2.0
/*
 * Nested guests on real SIE: a process, mixed, with memory from before and after its VM;
 * in the VM the small hypervisor; in that the small guest. What one of the three stores
 * and what keys it sets, all see, also after one of the lower two has put the page
 * elsewhere while nobody looked or while the nested guest runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nest.h"

#define DATA		GUEST_DATA	/* of the nested guest */
#define PAGES		((NEST_SIZE - GUEST_DATA) / GUEST_PAGE)
#define SOME		16UL
#define SWAP_MIB	64
#define ROUNDS		2

static void note_shadows(const struct shadows *before)
{
	struct shadows now = shadows_now();

	note("shadows: %ld built, %ld reused, %ld removed; pages of tables with PGSTEs %ld",
	     now.built - before->built, now.reused - before->reused,
	     now.removed - before->removed, counter("pages_pgste"));
}

static void expect_all(struct nest *n, unsigned long data, unsigned long key, unsigned long pages,
		       const char *when)
{
	note("%s", when);
	nest_do(n, GUEST_VERIFY, DATA, pages, data);
	nest_do(n, GUEST_GETKEYS, DATA, pages, key);
	nest_do(n, NEST_CHECK, DATA, pages, data);
	nest_do(n, NEST_CHECK_KEYS, DATA, pages, key);
	nest_check(n, DATA, pages, data, when);
	nest_check_keys(n, DATA, pages, key, when);
}

static void three_levels_agree(int levels)
{
	struct shadows before = shadows_now(), after;
	long promoted = counter("promoted");
	struct nest n;

	nest_create(&n, levels);
	expect_mode("mixed");
	require(counter("promoted") > promoted, "no table was promoted");
	nest_do(&n, GUEST_FILL, DATA, PAGES, 5);
	nest_do(&n, GUEST_SETKEYS, DATA, PAGES, 7);
	expect_all(&n, 5, 7, PAGES, "stored and set by the nested guest");
	nest_do(&n, GUEST_REFERENCE, DATA, SOME, 0);
	after = shadows_now();
	require(after.built > before.built, "no shadow was built");
	require(after.built - after.removed > before.built - before.removed,
		"no shadow is alive, as the nested guest's must be");
	note_shadows(&before);
	nest_destroy(&n);
	after = shadows_now();
	require(after.built - before.built == after.removed - before.removed,
		"%ld shadows built, %ld removed with the VM", after.built - before.built,
		after.removed - before.removed);
}

static void levels_1(void)
{
	three_levels_agree(1);
}

static void levels_2(void)
{
	three_levels_agree(2);
}

static void levels_3(void)
{
	three_levels_agree(3);
}

static void levels_4(void)
{
	three_levels_agree(4);
}

static void real_space(void)
{
	three_levels_agree(0);
}

static void make_used(struct nest *n)
{
	nest_create(n, 2);
	nest_do(n, GUEST_FILL, DATA, PAGES, 5);
	nest_do(n, GUEST_SETKEYS, DATA, PAGES, 7);
}

/* Its hypervisor is told nothing; the VMM can mend it, and the nested guest goes on. */
static void refused(void)
{
	long before = counter("refused");
	struct nest n;
	int i, end;

	nest_create_late(&n, 2);
	end = guest_do(&n.cpu[0], GUEST_FILL, DATA, SOME, 5);
	for (i = 0; i < 2; i++) {
		require(end == -EFAULT, "the nested guest in memory that is refused: end %d, interception %lu",
			end, n.state->icptcode);
		require(counter("refused") > before, "nothing was refused");
		before = counter("refused");
		end = vcpu_run(&n.cpu[0]);
	}
	require(!write_number(PGSTE_PROMOTE, 1), "vm.pgste_promote");
	end = vcpu_run(&n.cpu[0]);
	require(end == 1 && n.cpu[0].run->s.regs.gprs[2] == GUEST_OK, "promoted, run again: %d, end 0x%llx",
		end, n.cpu[0].run->s.regs.gprs[2]);
	nest_do(&n, GUEST_VERIFY, DATA, SOME, 5);
	nest_do(&n, GUEST_FILL, DATA + GUEST_SEGMENT, SOME, 5);
	nest_do(&n, GUEST_VERIFY, DATA + GUEST_SEGMENT, SOME, 5);
	nest_destroy(&n);
}

/* The hypervisor changes page tables that are shadowed. */
static void hypervisor_moves(void)
{
	struct nest n;
	int i;

	make_used(&n);
	for (i = 0; i < 2; i++) {
		nest_do(&n, NEST_MOVE, DATA, PAGES, 0);
		require(nest_gpa(&n, DATA / GUEST_PAGE) == DATA + (i ? NEST_MEMORY : NEST_SPARE),
			"the hypervisor has moved nothing");
		expect_all(&n, 5, 7, PAGES, "moved by the hypervisor");
	}
	nest_destroy(&n);
}

static void hypervisor_pages_in(void)
{
	struct nest n;

	make_used(&n);
	nest_do(&n, NEST_HIDE, DATA, PAGES, 0);
	nest_do(&n, GUEST_VERIFY, DATA, PAGES, 5);
	require(n.state->faults == PAGES, "%lu faults of the nested guest came to the hypervisor, not %lu",
		n.state->faults, PAGES);
	expect_all(&n, 5, 7, PAGES, "paged in by the hypervisor");
	nest_destroy(&n);
}

/*
 * The hypervisor's tables, its guest's control block, its guest. Not its image: on Hercules
 * a guest whose first instruction is not there was seen to start behind it.
 */
static void host_swaps(void)
{
	static long pfn[NEST_TOTAL / GUEST_PAGE];
	unsigned long i, same = 0;
	uint8_t *taken;
	struct nest n;

	swap_on(SWAP_MIB);
	make_used(&n);
	remember_frames(n.mem, NEST_TOTAL / GUEST_PAGE, pfn);
	page_out(n.mem + NEST_STATE, NEST_TOTAL - NEST_STATE);
	nest_check_keys(&n, DATA, PAGES, 7, "swapped out");
	/* frames that became free are somebody else's now */
	taken = map_segments(NEST_TOTAL / GUEST_SEGMENT, MAP_PRIVATE);
	fill_segments(taken, NEST_TOTAL / GUEST_SEGMENT, 256, 9);
	expect_all(&n, 5, 7, PAGES, "swapped out and in");
	for (i = DATA / GUEST_PAGE; i < NEST_PAGES; i++)
		same += pfn_of(nest_page(&n, i)) == pfn[nest_gpa(&n, i) / GUEST_PAGE];
	require(same < PAGES / 2, "%lu of %lu pages came back to their old frame", same, PAGES);
	nest_do(&n, NEST_MOVE, DATA, PAGES, 0);
	page_out(n.mem + NEST_STATE, NEST_TOTAL - NEST_STATE);
	expect_all(&n, 5, 7, PAGES, "moved, swapped out and in");
	nest_destroy(&n);
	munmap(taken, NEST_TOTAL);
	swap_off();
}

static void relocate_all(struct nest *n)
{
	relocate(0, (unsigned long)n->mem, (unsigned long)n->mem + NEST_TOTAL);
}

static void host_relocates(void)
{
	long before = relocated();
	struct nest n;

	make_used(&n);
	relocate_all(&n);
	require(relocated() - before >= (long)(NEST_SPARE / GUEST_SEGMENT),
		"%ld tables were relocated", relocated() - before);
	expect_all(&n, 5, 7, PAGES, "page tables of the process relocated");
	nest_destroy(&n);
}

/*
 * What the host does to the memory of a running nested guest. Not to the image of the
 * hypervisor, see host_swaps().
 */
static void swap_once(struct nest *n)
{
	madvise(n->mem + NEST_STATE, NEST_TOTAL - NEST_STATE, MADV_PAGEOUT);
}

static void nothing(struct nest *n)
{
	(void)n;
}

static void under_load(void (*what)(struct nest *n), int moving)
{
	struct shadows before = shadows_now(), after;
	struct nest_thread guest, mover;
	unsigned long at;
	struct nest n;
	int i;

	nest_create(&n, 2);
	nest_start(&guest, &n, 0, GUEST_WORK, DATA, SOME, GUEST_WORK_KEYS);
	if (moving)
		nest_start(&mover, &n, 1, NEST_MOVE_ON, DATA, SOME, 0);
	while (!nest_rounds(&guest)) {
		nest_expect_running(&guest);
		usleep(1000);
	}
	for (i = 0; i < ROUNDS; i++) {
		at = nest_rounds(&guest);
		/* each time it must have begun and ended a round since */
		while (nest_rounds(&guest) < at + 2) {
			what(&n);
			usleep(1000);
			nest_expect_running(&guest);
		}
	}
	if (moving)
		nest_stop(&mover);
	nest_stop(&guest);
	after = shadows_now();
	note_shadows(&before);
	note("nested guest: %lu rounds, moved %lu pages", nest_rounds(&guest), n.state->moves);
	if (moving)
		require(n.state->moves, "the hypervisor has moved no page");
	if (what != nothing)
		require(after.removed > before.removed, "no shadow was removed");
	nest_destroy(&n);
}

static void swapped_while_running(void)
{
	swap_on(SWAP_MIB);
	under_load(swap_once, 0);
	swap_off();
}

static void relocated_while_running(void)
{
	under_load(relocate_all, 0);
}

/* Makes all pages old, and the notifiers of all fire, with the mmap lock held for writing. */
static void age(struct nest *n)
{
	int rc = write_number("/proc/self/clear_refs", 1);

	(void)n;
	require(!rc, "/proc/self/clear_refs: %s", strerror(-rc));
}

static void aged_while_running(void)
{
	under_load(age, 0);
}

static void moved_while_running(void)
{
	under_load(nothing, 1);
}

static void all_while_running(struct nest *n)
{
	relocate_all(n);
	swap_once(n);
}

static void everything_while_running(void)
{
	swap_on(SWAP_MIB);
	under_load(all_while_running, 1);
	swap_off();
}

/*
 * A new shadow is on the list while its top table is protected, page by page. The second
 * page is made to wait; the first goes, and the shadow with it; then the second turns out
 * not to be there.
 */
static void shadow_goes_while_it_is_made(void)
{
	struct shadows before = shadows_now(), after;
	static uint8_t saved[GUEST_PAGE];
	struct uffdio_range range;
	struct nest_thread guest;
	struct uffd_msg msg;
	uint8_t *top, *second;
	struct nest n;
	int fd;

	make_used(&n);
	top = n.mem + NEST_CRSTS;
	second = top + GUEST_PAGE;
	memcpy(saved, second, sizeof(saved));
	fd = tell_of_missing(second, GUEST_PAGE);
	require(!madvise(second, GUEST_PAGE, MADV_REMOVE), "MADV_REMOVE: %s", strerror(errno));
	nest_start(&guest, &n, 0, GUEST_VERIFY, DATA, SOME, 5);
	until(read(fd, &msg, sizeof(msg)) == sizeof(msg), "the second page is not missed");
	require(!madvise(top, GUEST_PAGE, MADV_DONTNEED), "MADV_DONTNEED: %s", strerror(errno));
	require(!mprotect(second, GUEST_PAGE, PROT_NONE), "mprotect: %s", strerror(errno));
	range = (struct uffdio_range){ (uintptr_t)second, GUEST_PAGE };
	require(!ioctl(fd, UFFDIO_WAKE, &range), "UFFDIO_WAKE: %s", strerror(errno));
	pthread_join(guest.thread, NULL);
	require(guest.result == NEST_LEFT && n.state->icptcode == 8,
		"a hypervisor without its table: end %d, interception %lu", guest.result,
		n.state->icptcode);

	close(fd);
	require(!mprotect(second, GUEST_PAGE, PROT_READ | PROT_WRITE), "mprotect: %s", strerror(errno));
	memcpy(second, saved, sizeof(saved));
	expect_all(&n, 5, 7, SOME, "with its table again");
	nest_destroy(&n);
	after = shadows_now();
	require(after.built - before.built == after.removed - before.removed,
		"%ld shadows built, %ld removed with the VM", after.built - before.built,
		after.removed - before.removed);
}

/* The nested guest loses a segment that is a slot of its hypervisor's VM. */
static void slot_goes_while_running(void)
{
	const unsigned long at = NEST_MEMORY + DATA, end = at + GUEST_SEGMENT;
	struct nest_thread guest;
	struct nest n;
	int rc;

	nest_create(&n, 2);
	rc = vm_slot(&n.vm, 0, 0, NULL, 0, 0);
	require(!rc, "deleting a slot: %s", strerror(-rc));
	put_slot(&n.vm, 0, 0, n.mem, at);
	put_slot(&n.vm, 1, at, n.mem + at, GUEST_SEGMENT);
	put_slot(&n.vm, 2, end, n.mem + end, NEST_TOTAL - end);
	nest_start(&guest, &n, 0, GUEST_SPIN, DATA, SOME, 0);
	while (nest_rounds(&guest) < 2) {
		nest_expect_running(&guest);
		usleep(1000);
	}
	rc = vm_slot(&n.vm, 1, at, NULL, 0, 0);
	require(!rc, "deleting a slot: %s", strerror(-rc));
	while (guest.result == NEST_RUNNING)
		usleep(1000);
	pthread_join(guest.thread, NULL);
	require(guest.result == NEST_LEFT && n.state->icptcode == 8,
		"the nested guest without its memory: end %d, interception %lu", guest.result,
		n.state->icptcode);
	nest_destroy(&n);
}

static const struct test tests[] = {
	{ "process, hypervisor and nested guest agree on data and keys: segment table", levels_1,
	  NEEDS_KVM },
	{ "the same with a region-third table", levels_2, NEEDS_KVM },
	{ "the same with a region-second table", levels_3, NEEDS_KVM },
	{ "the same with a region-first table", levels_4, NEEDS_KVM },
	{ "the same with a real-space designation", real_space, NEEDS_KVM },
	{ "a nested guest in refused memory ends KVM_RUN, and goes on when it is promoted", refused,
	  REFUSES },
	{ "pages moved by the hypervisor", hypervisor_moves, NEEDS_KVM },
	{ "pages that the hypervisor brings in on demand", hypervisor_pages_in, NEEDS_KVM },
	{ "memory swapped out and in elsewhere by the host", host_swaps, NEEDS_KVM },
	{ "page tables relocated by the host", host_relocates, NEEDS_KVM },
	{ "the nested guest runs while the host swaps", swapped_while_running, NEEDS_KVM },
	{ "the nested guest runs while the host relocates page tables", relocated_while_running,
	  NEEDS_KVM },
	{ "the nested guest runs while the host clears reference bits", aged_while_running, NEEDS_KVM },
	{ "the nested guest runs while the hypervisor moves its pages", moved_while_running,
	  NEEDS_KVM },
	{ "the nested guest runs while all of this happens", everything_while_running, NEEDS_KVM },
	{ "a shadow that goes while it is made is removed once", shadow_goes_while_it_is_made,
	  NEEDS_KVM },
	{ "a slot that goes is gone for the nested guest too", slot_goes_while_running, NEEDS_KVM },
};

TAP_MAIN(tests)
