// SPDX-License-Identifier: GPL-2.0
/*
 * What `make run` shows, as assertions: an ordinary process, a late VM with its
 * guest and keys, memory that came too early, and the way without the VM type.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scene.h"

#define SEGMENTS	64
#define GUEST_SIZE	(8 * GUEST_SEGMENT)
#define PAGES		64
#define REFUSED		"/sys/kernel/mm/pgste/refused"

static void ordinary_process_has_2k_tables_only(void)
{
	void *mem = map_segments(SEGMENTS, MAP_PRIVATE);
	struct page_tables before, with, after;

	before = tables_now();
	require(!strcmp(before.mode, "none"), "PgsteMode is \"%s\", not \"none\"", before.mode);
	require(before.n2k > 0 && !before.n4k && !before.bytes4k,
		"%ld tables of 2K, %ld of 4K (%ld bytes)", before.n2k, before.n4k, before.bytes4k);

	fill_segments(mem, SEGMENTS, 1, 0);
	with = tables_now();
	require(with.n2k == before.n2k + SEGMENTS, "%ld tables, %d new segments touched, then %ld",
		before.n2k, SEGMENTS, with.n2k);
	require(with.bytes2k >= with.n2k * 2048 &&
		with.bytes2k <= before.bytes2k + SEGMENTS * 2048 + 4096,
		"%ld tables in %ld bytes (%ld before)", with.n2k, with.bytes2k, before.bytes2k);

	munmap(mem, SEGMENTS * GUEST_SEGMENT);
	after = tables_now();
	require(after.n2k == before.n2k, "%ld tables before, %ld after munmap", before.n2k,
		after.n2k);
}

/* What the demo's guest does, and the keys as user space reads them afterwards. */
static void run_guest(struct machine *m)
{
	run_job(m, GUEST_FILL, GUEST_DATA, PAGES, 7);
	run_job(m, GUEST_VERIFY, GUEST_DATA, PAGES, 7);
	run_job(m, GUEST_REFERENCE, GUEST_DATA, PAGES, 0);
	run_job(m, GUEST_SETKEYS, GUEST_DATA, PAGES, 3);
	run_job(m, GUEST_GETKEYS, GUEST_DATA, PAGES, 3);
	check_keys(&m->vm, GUEST_DATA / GUEST_PAGE, PAGES, 3, "read back");
}

static void late_vm_runs_beside_2k_tables(void)
{
	void *mine = map_segments(SEGMENTS, MAP_PRIVATE);
	struct page_tables before, after;
	struct machine m;

	fill_segments(mine, SEGMENTS, 1, 0);
	before = tables_now();
	require(!read_number(ALLOC_PGSTE), ALLOC_PGSTE " is %ld", read_number(ALLOC_PGSTE));

	make_machine(&m, KVM_VM_S390_LATE_MMAP, GUEST_SIZE, MAP_SHARED);
	expect_mode("mixed");
	run_guest(&m);

	/* 2K tables stay; what was mapped since has PGSTEs, the guest's two segments at least */
	after = tables_now();
	require(after.n2k == before.n2k, "%ld tables of 2K before, %ld after", before.n2k, after.n2k);
	require(after.n4k >= 2 && after.bytes4k == after.n4k * 4096,
		"%ld tables of 4K in %ld bytes", after.n4k, after.bytes4k);
	check_segments(mine, SEGMENTS, 1, 0, "after the guest");
	machine_destroy(&m);
}

static void memory_touched_before_is_refused_by_name(void)
{
	void *mem = map_segments(GUEST_SIZE / GUEST_SEGMENT, MAP_SHARED);
	long refused = read_number(REFUSED);
	struct vcpu cpu;
	struct vm vm;
	char pid[16];
	int rc;

	guest_load(mem);
	make_vm(&vm, KVM_VM_S390_LATE_MMAP);
	put_slot(&vm, 0, 0, mem, GUEST_SIZE);
	rc = vcpu_create(&vm, 0, &cpu);
	require(!rc, "vCPU: %s", strerror(-rc));

	log_mark();
	rc = guest_do(&cpu, GUEST_FILL, GUEST_DATA, PAGES, 1);
	require(rc == -EFAULT, "KVM_RUN: %d (%s), not EFAULT", rc, guest_text(&cpu, mem, rc));
	snprintf(pid, sizeof(pid), "%d", getpid());
	require(log_find("gmap:", pid, "0x"), "no line in the kernel log names process %s", pid);
	require(read_number(REFUSED) > refused, REFUSED " stays %ld", refused);

	/* the remedy that the line names: map it again */
	require(guest_memory_at(mem, GUEST_SIZE, MAP_SHARED), "mmap: %s", strerror(errno));
	guest_load(mem);
	rc = guest_do(&cpu, GUEST_FILL, GUEST_DATA, PAGES, 1);
	require(rc == GUEST_OK, "mapped again: %s", guest_text(&cpu, mem, rc));
	vcpu_destroy(&cpu);
	vm_destroy(&vm);
}

static void type_0_is_refused_by_name(void)
{
	struct vm vm;
	int rc;

	log_mark();
	rc = vm_create(&vm, 0);
	require(rc == -EINVAL, "KVM_CREATE_VM(0): %d, not EINVAL", rc);
	require(log_find("LATE_MMAP", "alloc_pgste", ""),
		"no line in the kernel log says what would help");
	expect_mode("none");
}

static void type_0_runs_with_alloc_pgste(void)
{
	struct page_tables pt;
	struct machine m;

	make_machine(&m, 0, GUEST_SIZE, MAP_SHARED);
	run_guest(&m);
	pt = tables_now();
	require(!strcmp(pt.mode, "all") && !pt.n2k && pt.n4k > 2, "mode %s, %ld of 2K, %ld of 4K",
		pt.mode, pt.n2k, pt.n4k);
	machine_destroy(&m);
}

static const struct test tests[] = {
	{ "an ordinary process has 2K tables only", ordinary_process_has_2k_tables_only, 0 },
	{ "a late VM runs beside 2K tables, keys and all", late_vm_runs_beside_2k_tables, NEEDS_KVM },
	{ "guest memory touched before is refused by name, and runs once mapped again",
	  memory_touched_before_is_refused_by_name, REFUSES },
	{ "VM type 0 is refused, with a line that says what would help",
	  type_0_is_refused_by_name, REFUSES },
	{ "VM type 0 runs under vm.alloc_pgste=1", type_0_runs_with_alloc_pgste,
	  NEEDS_KVM | IN_4K },
};

TAP_MAIN(tests)
