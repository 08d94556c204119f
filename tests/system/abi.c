// SPDX-License-Identifier: GPL-2.0
/*
 * The user interface: VM types in every order and combination, the capability, the
 * sysctl's two names, who inherits what, and what the reports say about others.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replace.h"

#define LATE		KVM_VM_S390_LATE_MMAP
#define UCONTROL	KVM_VM_S390_UCONTROL

static void refuse_type(unsigned long type, int err)
{
	struct vm vm;
	int rc = vm_create(&vm, type);

	require(rc == -err, "KVM_CREATE_VM(%#lx): %d (%s), not %s", type, rc,
		rc < 0 ? strerror(-rc) : "a VM", strerror(err));
}

static void accept_type(unsigned long type)
{
	struct vm vm;
	int rc = vm_create(&vm, type);

	require(!rc, "KVM_CREATE_VM(%#lx): %s", type, strerror(-rc));
	vm_destroy(&vm);
}

static void capability_says_so(void)
{
	int rc = kvm_capability(KVM_CAP_S390_LATE_MMAP);

	require(rc == 1, "KVM_CHECK_EXTENSION(%d): %d", KVM_CAP_S390_LATE_MMAP, rc);
}

static void sysctl_has_two_names(void)
{
	static const char *const name[] = { ALLOCATE_PGSTE, ALLOC_PGSTE };
	static const int bad[] = { -1, 2 };
	int i, j, rc;

	for (i = 0; i < 2; i++) {
		require(!write_number(name[i], 1), "%s cannot be written", name[i]);
		require(read_number(name[!i]) == 1, "%s is 1, %s is %ld", name[i], name[!i],
			read_number(name[!i]));
		require(!write_number(name[i], 0), "%s cannot be written", name[i]);
		require(read_number(name[!i]) == 0, "%s is 0, %s is %ld", name[i], name[!i],
			read_number(name[!i]));
		for (j = 0; j < 2; j++) {
			rc = write_number(name[i], bad[j]);
			require(rc == -EINVAL, "%d into %s: %d", bad[j], name[i], rc);
		}
	}
}

static void unknown_types_change_nothing(void)
{
	static const unsigned long unknown[] = {
		4, 5, 6, 7, 8, 0x8000, 1UL << 31, 1UL << 32, 1UL << 63, LATE | 1UL << 40, -1UL,
	};
	unsigned int i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		refuse_type(unknown[i], EINVAL);
	expect_mode("none");
}

static void drop_sys_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	require(!syscall(SYS_capget, &head, data), "capget: %s", strerror(errno));
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	require(!syscall(SYS_capset, &head, data), "capset: %s", strerror(errno));
}

static void ucontrol_needs_the_capability_late_does_not(void)
{
	drop_sys_admin();
	refuse_type(UCONTROL, EINVAL);
	refuse_type(LATE | UCONTROL, EINVAL);
	expect_mode("none");
	accept_type(LATE);
	expect_mode("mixed");
}

static void late_ucontrol_combines(void)
{
	refuse_type(UCONTROL, EINVAL);		/* 2K tables, and nothing said about it */
	expect_mode("none");
	accept_type(LATE | UCONTROL);
	expect_mode("mixed");
	accept_type(LATE | UCONTROL);
	accept_type(LATE);
}

static void second_vm_of_other_type(void)
{
	struct vm first, second;

	refuse_type(0, EINVAL);
	make_vm(&first, LATE);
	refuse_type(0, EINVAL);
	refuse_type(UCONTROL, EINVAL);
	make_vm(&second, LATE);
	vm_destroy(&first);
	refuse_type(0, EINVAL);
	vm_destroy(&second);
	accept_type(LATE);
}

static void any_type_in_4k_process(void)
{
	struct page_tables pt;

	accept_type(LATE);
	accept_type(0);
	accept_type(UCONTROL);
	accept_type(LATE | UCONTROL);
	pt = tables_now();
	require(!strcmp(pt.mode, "all") && !pt.n2k, "mode %s, %ld tables of 2K", pt.mode, pt.n2k);
}

static void sysctl_does_not_change_running_process(void)
{
	int rc;

	write_number(ALLOCATE_PGSTE, 1);
	expect_mode("none");
	fill_segments(map_segments(4, MAP_PRIVATE), 4, 1, 0);
	rc = tables_now().n4k;
	write_number(ALLOCATE_PGSTE, 0);
	require(!rc, "%d tables of 4K", rc);
	refuse_type(0, EINVAL);
}

/* A child has 2K tables only, and is asked again. */
static void fork_starts_as_ordinary(void)
{
	struct page_tables mine, pt;
	uint8_t *old, *new;
	struct vm vm;
	int rc;
	pid_t pid;

	old = map_segments(8, MAP_PRIVATE);
	fill_segments(old, 8, 2, 1);
	make_vm(&vm, LATE);
	new = map_segments(8, MAP_PRIVATE);
	fill_segments(new, 8, 2, 2);
	mine = tables_now();
	require(mine.n4k >= 8, "%ld tables of 4K", mine.n4k);

	pid = fork();
	if (!pid) {
		pt = tables_now();
		require(!strcmp(pt.mode, "none") && !pt.n4k, "child: mode %s, %ld of 4K", pt.mode, pt.n4k);
		check_segments(old, 8, 2, 1, "child, from 2K tables");
		check_segments(new, 8, 2, 2, "child, from 4K tables");
		fill_segments(new, 8, 3, 3);
		rc = ioctl(vm.fd, KVM_CREATE_VCPU, 0);
		require(rc == -1 && errno == EIO, "child uses the parent's VM: %d", rc);
		refuse_type(0, EINVAL);
		accept_type(LATE);
		expect_mode("mixed");
		check_segments(new, 8, 3, 3, "child");
		_exit(0);
	}
	wait_ok(pid);
	check_segments(old, 8, 2, 1, "parent");
	check_segments(new, 8, 2, 2, "parent");
	expect_mode("mixed");
}

/* Started again by itself with this in the environment, a test says what it is now. */
#define EXECUTED "PGMIX_EXECUTED"

static void exec_starts_as_ordinary(void)
{
	struct page_tables pt;
	struct vm vm;

	if (getenv(EXECUTED)) {
		pt = tables_now();
		require(!strcmp(pt.mode, "none") && !pt.n4k, "after exec: mode %s, %ld of 4K",
			pt.mode, pt.n4k);
		refuse_type(0, EINVAL);
		return;
	}
	make_vm(&vm, LATE);
	expect_mode("mixed");
	setenv(EXECUTED, "1", 1);
	execl("/proc/self/exe", "abi", "--one", getenv("PGMIX_TEST"), NULL);
	fail("exec: %s", strerror(errno));
}

static void vfork_child_shares_and_exec_frees_it(void)
{
	char line[256] = "";
	struct vm vm;
	FILE *out;

	make_vm(&vm, LATE);
	out = popen("grep Pgste /proc/self/arch_status", "r");	/* posix_spawn: CLONE_VM, exec */
	require(out, "popen: %s", strerror(errno));
	line[fread(line, 1, sizeof(line) - 1, out)] = 0;
	pclose(out);
	require(strstr(line, "none"), "a spawned program says: %s", line);
	expect_mode("mixed");
}

static int clone_body(void *arg)
{
	struct page_tables pt;

	(void)arg;
	/* getpid() is its own, the address space is ours */
	return page_tables(0, &pt) || strcmp(pt.mode, "mixed");
}

static void clone_vm_shares_the_mode(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int pid, status;
	struct vm vm;

	make_vm(&vm, LATE);
	pid = clone(clone_body, stack + sizeof(stack) - 160, CLONE_VM | SIGCHLD, NULL);
	require(pid > 0, "clone: %s", strerror(errno));
	waitpid(pid, &status, 0);
	require(WIFEXITED(status) && !WEXITSTATUS(status), "a CLONE_VM child is not \"mixed\"");
}

static void report_of_others(void)
{
	struct page_tables pt;
	siginfo_t dead;
	pid_t pid;
	int rc;

	rc = page_tables(1, &pt);
	require(!rc && !strcmp(pt.mode, "none") && pt.n2k > 0, "init: %d, mode %s, %ld of 2K", rc,
		pt.mode, pt.n2k);

	/* a kernel thread and a zombie have no page tables: no lines or zeros, but no harm */
	rc = page_tables(2, &pt);
	require(rc == -EPROTO || rc == -ESRCH || (!rc && !pt.n2k && !pt.n4k),
		"kernel thread: %d, %ld of 2K", rc, pt.n2k);
	pid = fork();
	if (!pid)
		_exit(0);
	require(!waitid(P_PID, pid, &dead, WEXITED | WNOWAIT), "waitid: %s", strerror(errno));
	rc = page_tables(pid, &pt);
	require(rc == -EPROTO || rc == -ESRCH || (!rc && !pt.n2k && !pt.n4k),
		"zombie: %d, %ld of 2K", rc, pt.n2k);
	waitpid(pid, NULL, 0);
}

/* Page-table pages by the kernel's own statistics, less those of our two counters. */
static long uncounted_pages(long *k4)
{
	long k2 = counter("pages_2k");

	*k4 = counter("pages_pgste");
	return vmstat("nr_page_table_pages") - k2 - *k4;
}

/* One table of the first and of the last segment. */
static void fill_ends(uint8_t *mem, int segments)
{
	fill_segments(mem, 1, 1, 0);
	fill_segments(mem + (segments - 1) * GUEST_SEGMENT, 1, 1, 0);
}

/*
 * The difference is the segment tables of all processes, which Linux counts with the page
 * tables: those needed here are there before.
 */
static void machine_wide_counters_add_up(void)
{
	long before, after, k4, k4_before;
	struct machine m;
	uint8_t *other;

	make_machine(&m, LATE, 8 * GUEST_SEGMENT, MAP_SHARED);
	other = map_segments(9, MAP_PRIVATE);
	fill_ends(m.mem + GUEST_DATA, 7);
	fill_ends(other, 9);
	/* Other processes come and go: two readings in a row that agree. */
	do {
		before = uncounted_pages(&k4_before);
		usleep(50000);
	} while (uncounted_pages(&k4) != before || k4 != k4_before);
	require(before >= 0, "more pages counted than there are: %ld", -before);
	fill_segments(m.mem + GUEST_DATA, 7, 1, 0);
	fill_segments(other, 9, 1, 0);
	until((after = uncounted_pages(&k4)) == before && k4 >= k4_before + 5 + 7,
	      "%ld page-table pages not counted before, %ld after; PGSTE %ld, then %ld", before, after,
	      k4_before, k4);
}

static const struct test tests[] = {
	{ "KVM_CHECK_EXTENSION knows KVM_CAP_S390_LATE_MMAP", capability_says_so, REFUSES },
	{ "vm.alloc_pgste and vm.allocate_pgste are one variable, 0 or 1", sysctl_has_two_names, 0 },
	{ "unknown VM types are EINVAL and change nothing", unknown_types_change_nothing, REFUSES },
	{ "UCONTROL needs CAP_SYS_ADMIN, LATE_MMAP does not; a refusal changes nothing",
	  ucontrol_needs_the_capability_late_does_not, REFUSES },
	{ "LATE_MMAP and UCONTROL combine", late_ucontrol_combines, REFUSES },
	{ "type 0 beside a late VM stays EINVAL, a second late VM works", second_vm_of_other_type,
	  REFUSES },
	{ "a process with 4K tables only may create any type", any_type_in_4k_process,
	  REFUSES | IN_4K },
	{ "the sysctl does not change a running process", sysctl_does_not_change_running_process,
	  REFUSES },
	{ "a forked child starts as ordinary", fork_starts_as_ordinary, REFUSES },
	{ "an exec starts as ordinary", exec_starts_as_ordinary, REFUSES },
	{ "a spawned program starts as ordinary", vfork_child_shares_and_exec_frees_it, REFUSES },
	{ "a task that shares the address space shares the mode", clone_vm_shares_the_mode, REFUSES },
	{ "arch_status of init, a kernel thread and a zombie", report_of_others, 0 },
	{ "pages_2k and pages_pgste follow the kernel's count of page-table pages",
	  machine_wide_counters_add_up, REFUSES },
};

TAP_MAIN(tests)
