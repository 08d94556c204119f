// SPDX-License-Identifier: GPL-2.0
/*
 * How a process comes to have guests and what becomes of it when they are gone: what
 * KVM_CREATE_VM leaves alone, huge pages, demotion, storage keys from one VM to the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "scene.h"

#define PAGES		256	/* of a segment */
#define SEGMENTS	4
#define SIZE		(SEGMENTS * GUEST_SEGMENT)
#define GPA		(8 * GUEST_SEGMENT)
#define GFN		(GPA / GUEST_PAGE)
#define DEMOTED		"/sys/kernel/mm/pgste/demoted"
#define PAGES_PGSTE	"/sys/kernel/mm/pgste/pages_pgste"

/* A number in KiB from /proc/self/smaps_rollup. */
static long rollup(const char *name)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	size_t len = strlen(name);
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			kib = atol(line + len + 1);
	if (f)
		fclose(f);
	require(kib >= 0, "no %s in smaps_rollup", name);
	return kib;
}

/* Is the flag (of two letters) on any VMA of this process? */
static int has_vm_flag(const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512], word[8];
	int found = 0;

	snprintf(word, sizeof(word), " %s", flag);
	require(f, "smaps: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		found |= !strncmp(line, "VmFlags:", 8) && strstr(line, word);
	fclose(f);
	return found;
}

static long number(const char *path)
{
	long n = read_number(path);

	require(n >= 0, "%s: %s", path, strerror(-n));
	return n;
}

/* Until the tables are @mode and at most @n4k of them have PGSTEs; the caller says if not. */
static struct page_tables wait_tables(const char *mode, long n4k)
{
	struct page_tables now;
	int ms;

	for (ms = 0; ms < 20000; ms += 20) {
		now = tables_now();
		if (!strcmp(now.mode, mode) && now.n4k <= n4k)
			break;
		usleep(20000);
	}
	return now;
}

static void expect_none_at_last(const char *when)
{
	struct page_tables now = wait_tables("none", 0);

	require(!strcmp(now.mode, "none") && !now.n4k, "%s: mode %s, %ld tables with PGSTEs",
		when, now.mode, now.n4k);
}

/* --- the machine's first VMs -------------------------------------------------- */

struct start {
	volatile int ready, go;
};

static void first_vm(struct start *start)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_SHARED), *code = map_segments(2, MAP_SHARED);
	struct machine m = { .mem = code, .size = 2 * GUEST_SEGMENT };
	int i, rc;

	__sync_fetch_and_add(&start->ready, 1);
	while (!start->go)
		;
	make_vm(&m.vm, 0);
	/* At once, by stores that look at the mode. */
	for (i = 0; i < SEGMENTS * PAGES; i++)
		mem[i * GUEST_PAGE] = 1;
	guest_load(code);
	m.ctl = guest_ctl(code, 0);
	put_slot(&m.vm, 0, 0, code, m.size);
	rc = vm_slot(&m.vm, 1, GPA, mem, SIZE, KVM_MEM_LOG_DIRTY_PAGES);
	require(!rc && !vcpu_create(&m.vm, 0, &m.cpu), "slot or vCPU: %s", strerror(-rc));
	run_job(&m, GUEST_POKE, GPA, SEGMENTS * PAGES, 5);
	expect_all_dirty(&m.vm, 1, SEGMENTS * PAGES);
	_exit(0);
}

/* Can be seen once after booting only: a kernel that has had a VM is ready for more. */
static void first_vms_at_the_same_time(void)
{
	struct start *start = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				   -1, 0);
	pid_t pid[4];
	int i, n = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 4 : 2;

	require(start != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		pid[i] = fork();
		if (!pid[i])
			first_vm(start);
	}
	while (start->ready < n)
		usleep(1000);
	start->go = 1;
	for (i = 0; i < n; i++)
		wait_ok(pid[i]);
}

/* --- what KVM_CREATE_VM leaves alone ------------------------------------------- */

/* Frame of the page that a read fault of empty anonymous memory gets. */
static uint8_t *map_zero_pages(int segments)
{
	uint8_t *mem = map_segments(segments, MAP_PRIVATE);
	int i;

	for (i = 0; i < segments * PAGES; i++)
		(void)*(volatile uint8_t *)(mem + i * GUEST_PAGE);
	return mem;
}

static uint8_t *map_huge(int segments)
{
	uint8_t *mem = map_segments(segments, MAP_PRIVATE);

	require(!madvise(mem, segments * GUEST_SEGMENT, MADV_HUGEPAGE), "madvise: %s",
		strerror(errno));
	fill_segments(mem, segments, PAGES, 3);
	require(rollup("AnonHugePages") >= segments * 1024, "no huge pages");
	return mem;
}

static void create_and_look(int in_4k)
{
	uint8_t *zero = map_zero_pages(1), *huge = map_huge(SEGMENTS), *later;
	long pfn = pfn_of(zero + 5 * GUEST_PAGE), kib = rollup("AnonHugePages");
	struct vm vm;

	make_vm(&vm, 0);
	require(pfn_of(zero + 5 * GUEST_PAGE) == pfn, "the zero page at %p went", zero);
	require(rollup("AnonHugePages") == kib, "%ld KiB in huge pages of %ld",
		rollup("AnonHugePages"), kib);
	later = map_segments(1, MAP_PRIVATE);
	require(!has_vm_flag("nh"), "there is a VMA with VM_NOHUGEPAGE");
	*later = 1;
	vm_destroy(&vm);
	if (!in_4k)
		expect_none_at_last("after the VM");
	require(!has_vm_flag("nh"), "there is a VMA with VM_NOHUGEPAGE after the VM");
	check_segments(huge, SEGMENTS, PAGES, 3, "after the VM");
}

static void creating_a_vm_changes_no_page(void)
{
	create_and_look(0);
}

static void creating_a_vm_changes_no_page_4k(void)
{
	create_and_look(1);
}

/* Neither faults nor khugepaged nor who asks for one, as long as there is a VM; then again. */
static void no_new_huge_pages_while_there_is_a_vm(void)
{
	uint8_t *mem = map_segments(2 * SEGMENTS, MAP_PRIVATE);
	struct vm vm;
	int rc;

	require(!madvise(mem, 2 * SIZE, MADV_HUGEPAGE), "madvise: %s", strerror(errno));
	make_vm(&vm, 0);
	fill_segments(mem, SEGMENTS, PAGES, 1);
	rc = madvise(mem, SIZE, MADV_COLLAPSE) ? errno : 0;
	require(rc == EINVAL, "MADV_COLLAPSE: %s", strerror(rc));
	require(!madvise(mem, SIZE, MADV_HUGEPAGE), "MADV_HUGEPAGE: %s", strerror(errno));
	require(!rollup("AnonHugePages"), "%ld KiB in huge pages", rollup("AnonHugePages"));
	vm_destroy(&vm);
	expect_none_at_last("after the VM");
	fill_segments(mem + SIZE, SEGMENTS, PAGES, 1);
	/* khugepaged may have collapsed the other half by now, too. */
	require(rollup("AnonHugePages") >= (long)SIZE / 1024, "after the VM %ld KiB in huge pages",
		rollup("AnonHugePages"));
	check_segments(mem, SEGMENTS, PAGES, 1, "after the VM");
}

/* --- huge pages as guest memory ------------------------------------------------- */

static void collapse(int fd, uint8_t *mem)
{
	if (!mem)
		mem = map_file(fd, SEGMENTS);
	fill_segments(mem, SEGMENTS, 1, 0);
	require(!madvise(mem, SIZE, MADV_COLLAPSE), "MADV_COLLAPSE: %s", strerror(errno));
	require(rollup("ShmemPmdMapped") >= (long)(SIZE / 1024), "no huge pages in the file");
}

static void use_file(struct machine *m, const char *when)
{
	run_job(m, GUEST_FILL, GPA, SEGMENTS * PAGES, 5);
	run_job(m, GUEST_SETKEYS, GPA, SEGMENTS * PAGES, 5);
	run_job(m, GUEST_VERIFY, GPA, SEGMENTS * PAGES, 5);
	run_job(m, GUEST_GETKEYS, GPA, SEGMENTS * PAGES, 5);
	check_keys(&m->vm, GFN, SEGMENTS * PAGES, 5, when);
}

static void page_cache_collapsed_before(void)
{
	struct machine m;
	int fd = make_file(SIZE);
	pid_t pid = fork();

	if (!pid) {
		collapse(fd, NULL);
		_exit(0);
	}
	wait_ok(pid);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, map_file(fd, SEGMENTS), SIZE);
	use_file(&m, "of a file that another process collapsed");
	machine_destroy(&m);
}

/* The slot is there, the guest not yet. */
static void page_cache_collapsed_by_another_mapper(void)
{
	int fd = make_file(SIZE), go[2];
	struct machine m;
	pid_t pid;
	char c;

	require(!pipe(go), "pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		require(read(go[0], &c, 1) == 1, "pipe: %s", strerror(errno));
		collapse(fd, NULL);
		_exit(0);
	}
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, map_file(fd, SEGMENTS), SIZE);
	require(write(go[1], "", 1) == 1, "pipe: %s", strerror(errno));
	wait_ok(pid);
	use_file(&m, "of a file that another process collapses");
	machine_destroy(&m);
}

static void use_own_huge_pages(int at_once)
{
	int fd = make_file(SIZE);
	uint8_t *mem = map_file(fd, SEGMENTS);
	struct machine m;

	collapse(fd, mem);
	make_machine(&m, KVM_VM_S390_LATE_MMAP, 2 * GUEST_SEGMENT, MAP_SHARED);
	/* Without promotion the slot is left as it is. */
	write_number(PGSTE_PROMOTE, at_once);
	put_slot(&m.vm, 1, GPA, mem, SIZE);
	write_number(PGSTE_PROMOTE, 1);
	use_file(&m, "of a file that was mapped huge");
	machine_destroy(&m);
	_exit(0);
}

/* Mapped huge by the process itself: split for the slot, or by who gets there. */
static void own_huge_pages_become_guest_memory(void)
{
	int at_once;
	pid_t pid;

	for (at_once = 0; at_once < 2; at_once++) {
		pid = fork();
		if (!pid)
			use_own_huge_pages(at_once);
		wait_ok(pid);
	}
}

/* Private memory: not for the guest to run in without ESOP, but it has keys. */
static void own_huge_pages_have_keys(void)
{
	uint8_t *mem = map_huge(SEGMENTS);
	struct machine m;

	make_machine(&m, KVM_VM_S390_LATE_MMAP, 2 * GUEST_SEGMENT, MAP_SHARED);
	write_number(PGSTE_PROMOTE, 0);
	put_slot(&m.vm, 1, GPA, mem, SIZE);
	write_number(PGSTE_PROMOTE, 1);
	set_keys(&m.vm, GFN, SEGMENTS * PAGES, 9);
	check_keys(&m.vm, GFN, SEGMENTS * PAGES, 9, "of huge pages");
	check_segments(mem, SEGMENTS, PAGES, 3, "with keys");
	machine_destroy(&m);
}

/* Only what the guest gets is split. */
static void huge_pages_beside_the_guest_stay(void)
{
	uint8_t *huge = map_huge(SEGMENTS), *other = map_huge(SEGMENTS);
	struct vm vm;

	make_vm(&vm, 0);
	put_slot(&vm, 0, GPA, huge, SIZE);
	require(rollup("AnonHugePages") == SIZE / 1024, "%ld KiB in huge pages, not %lu",
		rollup("AnonHugePages"), SIZE / 1024);
	check_segments(huge, SEGMENTS, PAGES, 3, "in a slot");
	check_segments(other, SEGMENTS, PAGES, 3, "beside");
	vm_destroy(&vm);
}

/* --- tables that were there before ------------------------------------------------ */

static void guest_has_no_zero_page(void)
{
	uint8_t *zero = map_zero_pages(2), *mem;
	long pfn = pfn_of(zero);
	struct machine m;
	int i;

	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	mem = map_segments(2, MAP_PRIVATE);
	fill_segments(mem, 2, PAGES, 1);
	/* The second segment comes from elsewhere, page by page, when the guest is there. */
	put_slot(&m.vm, 1, GPA, mem, 2 * GUEST_SEGMENT);
	put_slot(&m.vm, 2, GPA + 2 * GUEST_SEGMENT, zero, GUEST_SEGMENT);
	set_keys(&m.vm, GFN, 2 * PAGES, 2);
	set_keys(&m.vm, GFN + 2 * PAGES, PAGES, 2);
	for (i = 0; i < PAGES; i++)
		require(mremap(zero + GUEST_SEGMENT + i * GUEST_PAGE, GUEST_PAGE, GUEST_PAGE,
			       MREMAP_MAYMOVE | MREMAP_FIXED,
			       mem + GUEST_SEGMENT + i * GUEST_PAGE) != MAP_FAILED,
			"mremap: %s", strerror(errno));
	for (i = 0; i < PAGES; i++) {
		require(pfn_of(zero + i * GUEST_PAGE) != pfn, "page %d in use before is the zero page",
			i);
		require(pfn_of(mem + GUEST_SEGMENT + i * GUEST_PAGE) != pfn,
			"page %d moved there is the zero page", i);
		require(!mem[GUEST_SEGMENT + i * GUEST_PAGE], "page %d is not empty", i);
	}
	machine_destroy(&m);
}

/* All tables have PGSTEs, those from before the VM idle ones; and they move before it runs. */
static void idle_tables_can_be_moved(void)
{
	int rc, fd = open("/sys/kernel/debug/pgmix/relocate", O_WRONLY);
	uint8_t *mem = map_segments(SEGMENTS, MAP_SHARED);
	struct machine m;

	memset(mem, 1, SIZE);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	require(fd >= 0 && dprintf(fd, "%d %lx %lx", getpid(), (unsigned long)mem,
				   (unsigned long)mem + SIZE) > 0, "relocate: %s", strerror(errno));
	rc = vm_slot(&m.vm, 1, GPA, mem, SIZE, KVM_MEM_LOG_DIRTY_PAGES);
	require(!rc, "memory slot: %s", strerror(-rc));
	run_job(&m, GUEST_POKE, GPA, SEGMENTS * PAGES, 77);
	expect_all_dirty(&m.vm, 1, SEGMENTS * PAGES);
	machine_destroy(&m);
}

/* --- no VM, no mode ------------------------------------------------------------------ */

static void enable_sie_only_asks(void)
{
	int kvm = open("/dev/kvm", O_RDWR);

	require(kvm >= 0 && !ioctl(kvm, KVM_S390_ENABLE_SIE), "KVM_S390_ENABLE_SIE: %s",
		strerror(errno));
	expect_mode("none");
	close(kvm);
}

static void ucontrol_vm_without_vcpu(void)
{
	struct vm vm;

	make_vm(&vm, KVM_VM_S390_UCONTROL);
	expect_mode("mixed");
	vm_destroy(&vm);
	expect_none_at_last("after a UCONTROL VM without vCPU");
}

static void vm_that_fails(void)
{
	int n, rc = -ENOMEM;
	struct vm vm;

	need_failures();
	for (n = 1; n < 200 && rc; n++) {
		fail_nth(n);
		rc = vm_create(&vm, 0);
		fail_nth_end();
		if (rc)
			expect_none_at_last("after a VM that could not be created");
	}
	require(!rc && n > 2, "KVM_CREATE_VM with the %d-th allocation failing: %s", n,
		strerror(-rc));
	vm_destroy(&vm);
	expect_none_at_last("after the VM");
}

/* --- demotion ------------------------------------------------------------------------- */

/*
 * VMs come and go while the tables of the ones before are demoted, and tables with
 * PGSTEs are made meanwhile. A process in mode none has none of them.
 */
static void mode_none_means_no_pgste_table(void)
{
	int segments = 600, round, i, seen = 0;
	uint8_t *mem = map_segments(segments, MAP_PRIVATE);
	struct page_tables now;
	struct vm vm;

	for (round = 0; round < 40; round++) {
		make_vm(&vm, 0);
		if (!round)
			fill_segments(mem, segments, 1, 1);
		madvise(mem + round * 8 * GUEST_SEGMENT, 8 * GUEST_SEGMENT, MADV_DONTNEED);
		munmap(mem + round * 8 * GUEST_SEGMENT, 8 * GUEST_SEGMENT);
		guest_memory_at(mem + round * 8 * GUEST_SEGMENT, 8 * GUEST_SEGMENT, MAP_PRIVATE);
		fill_segments(mem + round * 8 * GUEST_SEGMENT, 8, 1, 1);
		vm_destroy(&vm);
		for (i = 0; i < round % 8; i++) {
			now = tables_now();
			if (strcmp(now.mode, "none"))
				continue;
			seen++;
			/* Tables are counted first, in pieces: these were counted since. */
			now = tables_now();
			require(!now.n4k, "round %d: mode none with %ld PGSTE tables", round, now.n4k);
		}
	}
	expect_none_at_last("after all VMs");
	note("mode none seen %d times between", seen);
	check_segments(mem, segments, 1, 1, "after all VMs");
}

/* A process that closes its VM and exits: its memory is free before its tables are demoted. */
static void demotion_lets_go_of_who_exits(void)
{
	long base = number(PAGES_PGSTE), before, at_exit, after;
	int segments = 6000, i, ms, go[2];
	uint8_t *mem;
	struct vm vm;
	pid_t pid;

	require(!pipe(go), "pipe: %s", strerror(errno));
	before = number(DEMOTED);
	pid = fork();
	if (!pid) {
		make_vm(&vm, 0);
		mem = mmap(NULL, segments * GUEST_SEGMENT, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		require(mem != MAP_FAILED, "mmap: %s", strerror(errno));
		for (i = 0; i < segments; i++)
			(void)*(volatile uint8_t *)(mem + i * GUEST_SEGMENT);
		require(tables_now().n4k >= segments, "%ld PGSTE tables", tables_now().n4k);
		vm_destroy(&vm);
		_exit(0);
	}
	wait_ok(pid);
	at_exit = number(DEMOTED);
	for (ms = 0; ms < 20000 && number(PAGES_PGSTE) > base; ms += 20)
		usleep(20000);
	after = number(DEMOTED);
	require(number(PAGES_PGSTE) <= base, "%ld page-table pages with PGSTEs left",
		number(PAGES_PGSTE) - base);
	if (at_exit - before >= segments)
		skip("all tables were demoted before the process was gone");
	note("%ld of %d tables demoted before, %ld after the exit", at_exit - before, segments,
	     after - at_exit);
	require(after - at_exit <= 64, "%ld tables of a process that is gone were demoted",
		after - at_exit);
}

/* --- storage keys ---------------------------------------------------------------------- */

/*
 * READ_ONLY: the guest sets keys of pages that its process may only read. Whether demotion
 * looks for them in the frame or in the PGSTE makes no difference on Hercules: this test
 * was never seen to fail.
 */
enum { IN_PLACE, ON_SWAP, READ_ONLY };

/*
 * Segments 0 and 2 of the slot carry keys, 1 and 3 do not; what the guest runs in has
 * none either. Demotion goes upwards: segment 3 is the last.
 */
static void keys_of_the_next_vm(int where)
{
	uint8_t *mem = map_segments(SEGMENTS, MAP_SHARED), none[PAGES] = { 0 }, keys[PAGES];
	struct page_tables now;
	struct machine m;
	struct vm vm;
	int rc;

	if (where == ON_SWAP)
		swap_on(32);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, mem, SIZE);
	run_job(&m, GUEST_FILL, GPA, SEGMENTS * PAGES, 5);
	/* From here on no key operation of the guest is intercepted. */
	run_job(&m, GUEST_SETKEYS, GUEST_DATA, 1, 1);
	if (where == READ_ONLY)
		require(!mprotect(mem, GUEST_SEGMENT, PROT_READ), "mprotect: %s", strerror(errno));
	run_job(&m, GUEST_SETKEYS, GPA, PAGES, 1);
	set_keys(&m.vm, GFN + 2 * PAGES, PAGES, 2);
	if (where == ON_SWAP)
		page_out(mem, SIZE);
	machine_destroy(&m);
	now = wait_tables("mixed", 2);
	require(now.n4k <= 2, "%ld PGSTE tables are left", now.n4k);
	/* If more are taken than may be, let it happen. */
	usleep(300000);
	now = tables_now();
	require(!strcmp(now.mode, "mixed") && now.n4k == 2, "mode %s, %ld PGSTE tables, not 2",
		now.mode, now.n4k);

	if (where == READ_ONLY)
		mprotect(mem, GUEST_SEGMENT, PROT_READ | PROT_WRITE);
	make_vm(&vm, 0);
	put_slot(&vm, 1, GPA, mem, SIZE);
	check_keys(&vm, GFN, PAGES, 1, "of the VM before, by SSKE");
	check_keys(&vm, GFN + 2 * PAGES, PAGES, 2, "of the VM before, by ioctl");
	rc = vm_get_keys(&vm, GFN + PAGES, PAGES, keys);
	for (int i = 0; i < PAGES; i++)
		keys[i] &= 0xf8;
	require(!rc && !memcmp(keys, none, PAGES), "pages without keys have some: %d", rc);
	clear_keys(&vm, GFN, SEGMENTS * PAGES);
	vm_destroy(&vm);
	expect_none_at_last("when all keys are 0 again");
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, mem, SIZE);
	run_job(&m, GUEST_VERIFY, GPA, SEGMENTS * PAGES, 5);
	machine_destroy(&m);
	if (where == ON_SWAP)
		swap_off();
}

static void next_vm_finds_the_keys(void)
{
	keys_of_the_next_vm(IN_PLACE);
}

static void next_vm_finds_the_keys_on_swap(void)
{
	keys_of_the_next_vm(ON_SWAP);
}

static void next_vm_finds_the_keys_of_read_only_pages(void)
{
	keys_of_the_next_vm(READ_ONLY);
}

static const struct test tests[] = {
	{ "the machine's first VMs can be created at the same time", first_vms_at_the_same_time,
	  NEEDS_KVM },
	{ "creating a VM changes no page and no VMA", creating_a_vm_changes_no_page, NEEDS_KVM },
	{ "creating a VM changes no page and no VMA, all-4K", creating_a_vm_changes_no_page_4k,
	  NEEDS_KVM | IN_4K },
	{ "no new huge pages while there is a VM", no_new_huge_pages_while_there_is_a_vm, NEEDS_KVM },
	{ "page cache collapsed before is guest memory", page_cache_collapsed_before, NEEDS_KVM },
	{ "page cache collapsed before is guest memory, all-4K", page_cache_collapsed_before,
	  NEEDS_KVM | IN_4K },
	{ "page cache collapsed by another mapper is guest memory",
	  page_cache_collapsed_by_another_mapper, NEEDS_KVM },
	{ "page cache collapsed by another mapper is guest memory, all-4K",
	  page_cache_collapsed_by_another_mapper, NEEDS_KVM | IN_4K },
	{ "huge pages of the process become guest memory", own_huge_pages_become_guest_memory,
	  NEEDS_KVM },
	{ "huge pages of the process become guest memory, all-4K",
	  own_huge_pages_become_guest_memory, NEEDS_KVM | IN_4K },
	{ "huge pages of the process can have keys", own_huge_pages_have_keys, NEEDS_KVM },
	{ "huge pages of the process can have keys, all-4K", own_huge_pages_have_keys,
	  NEEDS_KVM | IN_4K },
	{ "huge pages beside the guest stay", huge_pages_beside_the_guest_stay, NEEDS_KVM },
	{ "a guest has no zero page", guest_has_no_zero_page, NEEDS_KVM },
	{ "tables whose PGSTEs are idle can be moved", idle_tables_can_be_moved, NEEDS_KVM | IN_4K },
	{ "KVM_S390_ENABLE_SIE changes nothing", enable_sie_only_asks, NEEDS_KVM },
	{ "a UCONTROL VM without vCPU leaves nothing behind", ucontrol_vm_without_vcpu, NEEDS_KVM },
	{ "a VM that cannot be created leaves nothing behind", vm_that_fails, NEEDS_KVM },
	{ "mode none means no table with PGSTEs", mode_none_means_no_pgste_table, NEEDS_KVM },
	{ "demotion lets go of a process that exits", demotion_lets_go_of_who_exits, NEEDS_KVM },
	{ "the next VM finds the storage keys of the last", next_vm_finds_the_keys, NEEDS_KVM },
	{ "the next VM finds the storage keys of pages on swap", next_vm_finds_the_keys_on_swap,
	  NEEDS_KVM },
	{ "the next VM finds the storage keys of pages that are read-only",
	  next_vm_finds_the_keys_of_read_only_pages, NEEDS_KVM },
};

TAP_MAIN(tests)
