// SPDX-License-Identifier: GPL-2.0
/*
 * pgste-selftest: what of mixed page tables works on this s390x host. Each check is a
 * process of its own that creates its VMs and is gone; no setting is written. What the
 * machine has is found out and printed first, so that the report can be sent as it is.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nested/nest.h"

#define EXIT_SKIP	77
#define SECONDS		120	/* for a check, on a slow machine */
#define SEGMENTS	4
#define PAGES		256	/* of a segment */
#define GPA		(8 * GUEST_SEGMENT)
#define SEED		7
#define DEMOTION_SECONDS	10

/* What the checks have to know of the machine and its settings; see look(). */
static struct {
	int kvm_errno;		/* why there is no KVM, or 0 */
	int late_mmap;		/* KVM_CAP_S390_LATE_MMAP */
	long promote;		/* vm.pgste_promote, negative: no such setting */
	int born_4k;		/* this process has PGSTE tables only, since exec */
	int cow, esop, edat1, nested, cmma, cmma_can_be_enabled, skey, pfmfi, protected;
} host;

/* --- the words of tests/system/tap.h, for one check in its process --------- */

static int report_fd = -1;

static void __attribute__((noreturn, format(printf, 2, 0))) end(int status, const char *fmt,
								  va_list args)
{
	vdprintf(report_fd, fmt, args);
	_exit(status);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end(1, fmt, args);
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end(EXIT_SKIP, fmt, args);
}

void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("#   ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
}

void wait_ok(int pid)
{
	int status;

	require(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	require(WIFEXITED(status) && !WEXITSTATUS(status), "a child failed");
}

/* --- checks ----------------------------------------------------------------- */

static void needs_promotion(void)
{
	if (host.promote == 0 && !host.born_4k)
		skip("vm.pgste_promote is 0: memory from before the VM is refused");
}

static void needs_type_0(void)
{
	if (host.promote == 0 && !host.born_4k)
		skip("vm.pgste_promote is 0: a VM of type 0 is refused");
}

static void needs_2k(void)
{
	if (host.born_4k)
		skip("vm.alloc_pgste is 1: this process has PGSTE tables only");
}

static void kernel_has_mixed_tables(void)
{
	require(host.promote >= 0, "no /proc/sys/vm/pgste_promote");
	require(host.late_mmap == 1, "KVM_CAP_S390_LATE_MMAP is %d, not 1", host.late_mmap);
	require(read_number("/sys/kernel/mm/pgste/pages_2k") >= 0, "no /sys/kernel/mm/pgste");
}

static void process_without_vm_has_2k_tables(void)
{
	struct page_tables before, after;
	uint8_t *mem;

	needs_2k();
	before = tables_now();
	mem = map_segments(16, MAP_PRIVATE);
	fill_segments(mem, 16, 1, SEED);
	after = tables_now();
	expect_mode("none");
	require(after.n4k == 0, "%ld PGSTE tables", after.n4k);
	require(after.n2k >= before.n2k + 16, "%ld tables for 16 MiB", after.n2k - before.n2k);
}

/* Stores, loads, keys and their reference and change bits, by the guest and by ioctl. */
static void use_memory(struct machine *m, uint64_t gpa, unsigned long pages)
{
	run_job(m, GUEST_FILL, gpa, pages, SEED);
	run_job(m, GUEST_VERIFY, gpa, pages, SEED);
	run_job(m, GUEST_REFERENCE, gpa, 16, 0);
	run_job(m, GUEST_SETKEYS, gpa, pages, SEED);
	run_job(m, GUEST_GETKEYS, gpa, pages, SEED);
	check_keys(&m->vm, gpa / GUEST_PAGE, pages, SEED, "set by the guest");
	set_keys(&m->vm, gpa / GUEST_PAGE, pages, SEED + 1);
	run_job(m, GUEST_GETKEYS, gpa, pages, SEED + 1);
}

static void run_vm(unsigned long type, int map)
{
	struct machine m;

	make_machine(&m, type, SEGMENTS * GUEST_SEGMENT, map);
	use_memory(&m, GUEST_DATA, (SEGMENTS - 1) * PAGES);
	machine_destroy(&m);
}

static void vm_of_type_0_runs(void)
{
	needs_type_0();
	run_vm(0, MAP_SHARED);
}

static void vm_of_type_late_mmap_runs(void)
{
	if (host.late_mmap != 1)
		skip("the kernel does not know KVM_VM_S390_LATE_MMAP");
	run_vm(KVM_VM_S390_LATE_MMAP, MAP_SHARED);
}

static void private_memory_is_guest_memory(void)
{
	needs_type_0();
	if (!host.cow)
		skip("no KVM_CAP_S390_COW: as on any kernel, guest memory has to be shared here");
	run_vm(0, MAP_PRIVATE);
}

static void both_kinds_live_in_one_process(void)
{
	uint8_t *mem;
	struct page_tables now;
	struct machine m;

	needs_2k();
	mem = map_segments(16, MAP_PRIVATE);
	fill_segments(mem, 16, 4, SEED);
	make_machine(&m, host.late_mmap == 1 ? KVM_VM_S390_LATE_MMAP : 0,
		     SEGMENTS * GUEST_SEGMENT, MAP_SHARED);
	use_memory(&m, GUEST_DATA, (SEGMENTS - 1) * PAGES);
	now = tables_now();
	expect_mode("mixed");
	require(now.n2k >= 16, "%ld 2K tables", now.n2k);
	require(now.n4k >= SEGMENTS, "%ld PGSTE tables for %d segments", now.n4k, SEGMENTS);
	check_segments(mem, 16, 4, SEED, "beside the guest");
	machine_destroy(&m);
}

static void memory_from_before_the_vm_is_promoted(void)
{
	uint8_t *old = map_segments(SEGMENTS, MAP_SHARED);
	struct machine m;

	needs_promotion();
	fill_segments(old, SEGMENTS, PAGES, SEED);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, old, SEGMENTS * GUEST_SEGMENT);
	check_segments(old, SEGMENTS, PAGES, SEED, "after promotion");
	use_memory(&m, GPA, SEGMENTS * PAGES);
	machine_destroy(&m);
}

static void memory_from_before_the_vm_is_refused(void)
{
	uint8_t *old = map_segments(SEGMENTS, MAP_SHARED);
	struct machine m;
	int rc;

	needs_2k();
	if (host.promote != 0)
		skip("vm.pgste_promote is 1: it is promoted");
	fill_segments(old, SEGMENTS, PAGES, SEED);
	make_machine(&m, KVM_VM_S390_LATE_MMAP, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, old, SEGMENTS * GUEST_SEGMENT);
	rc = guest_do(&m.cpu, GUEST_FILL, GPA, PAGES, SEED);
	require(rc == -EFAULT, "KVM_RUN: %s, not EFAULT", guest_text(&m.cpu, m.mem, rc));
	machine_destroy(&m);
}

/* Of memory from before the VM if @early, which stock Linux does not log. */
static void check_dirty_log(int early)
{
	uint8_t bitmap[SEGMENTS * PAGES / 8] __attribute__((aligned(8))) = { 0 };
	uint8_t *mem = map_segments(SEGMENTS, MAP_SHARED);
	struct machine m;
	int i, rc, lost = 0;

	if (early)
		fill_segments(mem, SEGMENTS, PAGES, SEED);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	rc = vm_slot(&m.vm, 1, GPA, mem, SEGMENTS * GUEST_SEGMENT, KVM_MEM_LOG_DIRTY_PAGES);
	require(!rc, "a slot with a dirty log: %s", strerror(-rc));
	run_job(&m, GUEST_POKE, GPA, SEGMENTS * PAGES, SEED);
	rc = vm_dirty_log(&m.vm, 1, bitmap);
	require(!rc, "KVM_GET_DIRTY_LOG: %s", strerror(-rc));
	for (i = 0; i < SEGMENTS * PAGES; i++)
		lost += !is_dirty(bitmap, i);
	require(!lost, "%d of %d pages that the guest wrote are not in the log", lost,
		SEGMENTS * PAGES);
	machine_destroy(&m);
}

static void dirty_log_has_every_write(void)
{
	needs_promotion();
	check_dirty_log(0);
	check_dirty_log(1);
}

static void tables_are_demoted_after_the_last_vm(void)
{
	uint8_t *old = map_segments(SEGMENTS, MAP_SHARED);
	double late = seconds() + DEMOTION_SECONDS;
	struct page_tables now;
	struct machine m;

	needs_promotion();
	needs_2k();
	fill_segments(old, SEGMENTS, PAGES, SEED);
	make_machine(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, GPA, old, SEGMENTS * GUEST_SEGMENT);
	run_job(&m, GUEST_FILL, GUEST_DATA, 16, SEED);
	machine_destroy(&m);
	do {
		now = tables_now();
		usleep(10000);
	} while (strcmp(now.mode, "none") && seconds() < late);
	require(!strcmp(now.mode, "none"), "mode %s, %ld PGSTE tables %d s after the last VM",
		now.mode, now.n4k, DEMOTION_SECONDS);
	check_segments(old, SEGMENTS, PAGES, SEED, "after demotion");
}

static void guest_with_cmma_runs(void)
{
	struct machine m;
	int rc;

	needs_type_0();
	if (!host.cmma_can_be_enabled)
		skip("no CMMA in this machine");
	memset(&m, 0, sizeof(m));
	make_vm(&m.vm, 0);
	rc = vm_mem_attr(&m.vm, KVM_S390_VM_MEM_ENABLE_CMMA, NULL);
	require(!rc, "KVM_S390_VM_MEM_ENABLE_CMMA: %s", strerror(-rc));
	m.mem = map_segments(SEGMENTS, MAP_SHARED);
	m.size = SEGMENTS * GUEST_SEGMENT;
	put_slot(&m.vm, 0, 0, m.mem, m.size);
	rc = vcpu_create(&m.vm, 0, &m.cpu);
	require(!rc, "a vCPU: %s", strerror(-rc));
	guest_load(m.mem);
	m.ctl = guest_ctl(m.mem, 0);
	use_memory(&m, GUEST_DATA, (SEGMENTS - 1) * PAGES);
	rc = vm_mem_attr(&m.vm, KVM_S390_VM_MEM_CLR_CMMA, NULL);
	require(!rc, "KVM_S390_VM_MEM_CLR_CMMA: %s", strerror(-rc));
	run_job(&m, GUEST_GETKEYS, GUEST_DATA, (SEGMENTS - 1) * PAGES, SEED + 1);
	machine_destroy(&m);
}

static void nested_guest_runs(void)
{
	struct nest n;

	needs_promotion();
	if (!host.nested)
		skip("the kernel offers no SIE to guests (kvm.nested=1, and a machine that can)");
	nest_create(&n, 2);
	nest_do(&n, GUEST_FILL, GUEST_DATA, 64, SEED);
	nest_do(&n, GUEST_SETKEYS, GUEST_DATA, 64, SEED);
	nest_do(&n, GUEST_VERIFY, GUEST_DATA, 64, SEED);
	nest_do(&n, GUEST_GETKEYS, GUEST_DATA, 64, SEED);
	nest_check(&n, GUEST_DATA, 64, SEED, "after the nested guest");
	nest_check_keys(&n, GUEST_DATA, 64, SEED, "after the nested guest");
	nest_destroy(&n);
}

static const struct {
	const char *name;
	void (*run)(void);
	int needs_kvm;
} checks[] = {
	{ "the kernel has page tables of both kinds", kernel_has_mixed_tables, 1 },
	{ "a process without a VM has 2K tables", process_without_vm_has_2k_tables, 0 },
	{ "a VM of type 0 runs, its keys are right", vm_of_type_0_runs, 1 },
	{ "a VM of type KVM_VM_S390_LATE_MMAP runs, its keys are right", vm_of_type_late_mmap_runs, 1 },
	{ "both kinds of table live in one process", both_kinds_live_in_one_process, 1 },
	{ "memory from before the VM is promoted", memory_from_before_the_vm_is_promoted, 1 },
	{ "memory from before the VM is refused", memory_from_before_the_vm_is_refused, 1 },
	{ "the dirty log has every write of the guest", dirty_log_has_every_write, 1 },
	{ "tables are demoted after the last VM", tables_are_demoted_after_the_last_vm, 1 },
	{ "private memory is guest memory", private_memory_is_guest_memory, 1 },
	{ "a guest with CMMA runs", guest_with_cmma_runs, 1 },
	{ "a nested guest runs", nested_guest_runs, 1 },
};

#define NR_CHECKS	(sizeof(checks) / sizeof(checks[0]))

/* --- what the machine has ---------------------------------------------------- */

static int device_attr(struct vm *vm, unsigned long request, uint32_t group, uint64_t number,
		       void *addr)
{
	struct kvm_device_attr attr = { .group = group, .attr = number, .addr = (uintptr_t)addr };

	return ioctl(vm->fd, request, &attr) ? -errno : 0;
}

static int has_feature(const struct kvm_s390_vm_cpu_feat *features, unsigned int nr)
{
	return features->feat[nr / 64] >> (63 - nr % 64) & 1;
}

/* In a child: to ask a VM needs one, and this process is to have none yet. */
static void look_at_vm(void)
{
	struct kvm_s390_vm_cpu_feat features = { 0 };
	unsigned long type = 0;
	struct vm vm;

	if (host.promote == 0 && !host.born_4k)
		type = KVM_VM_S390_LATE_MMAP;
	host.kvm_errno = -vm_create(&vm, type);
	if (host.kvm_errno)
		return;
	device_attr(&vm, KVM_GET_DEVICE_ATTR, KVM_S390_VM_CPU_MODEL, KVM_S390_VM_CPU_MACHINE_FEAT,
		    &features);
	host.esop = has_feature(&features, KVM_S390_VM_CPU_FEAT_ESOP);
	host.nested = has_feature(&features, KVM_S390_VM_CPU_FEAT_SIEF2);
	host.skey = has_feature(&features, KVM_S390_VM_CPU_FEAT_SKEY);
	host.cmma = has_feature(&features, KVM_S390_VM_CPU_FEAT_CMMA);
	host.pfmfi = has_feature(&features, KVM_S390_VM_CPU_FEAT_PFMFI);
	host.cmma_can_be_enabled = !device_attr(&vm, KVM_HAS_DEVICE_ATTR, KVM_S390_VM_MEM_CTRL,
						KVM_S390_VM_MEM_ENABLE_CMMA, NULL);
	vm_destroy(&vm);
}

/* The value of a line "NAME ...: VALUE" of a file of /proc, or "". */
static const char *proc_line(const char *path, const char *name)
{
	static char line[1024];
	char *value;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)))
			continue;
		fclose(f);
		line[strcspn(line, "\n")] = 0;
		value = strchr(line, ':');
		return value ? value + 1 + strspn(value + 1, " \t") : "";
	}
	if (f)
		fclose(f);
	return "";
}

static int has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; (text = strstr(text, word)); text += len) {
		if (text[len] == ' ' || !text[len])
			return 1;
	}
	return 0;
}

/* Shared with the child that creates a VM. */
static void look(void)
{
	struct page_tables tables;
	typeof(host) *shared;
	pid_t pid;

	host.promote = read_number(PGSTE_PROMOTE);
	host.born_4k = !page_tables(0, &tables) && !tables.n2k && tables.n4k;
	host.edat1 = has_word(proc_line("/proc/cpuinfo", "features"), "edat");
	if (access("/dev/kvm", R_OK | W_OK)) {
		host.kvm_errno = errno;
		return;
	}
	host.late_mmap = kvm_capability(KVM_CAP_S390_LATE_MMAP);
	host.cow = kvm_capability(KVM_CAP_S390_COW) == 1;
	host.protected = kvm_capability(KVM_CAP_S390_PROTECTED) == 1;
	shared = mmap(NULL, sizeof(host), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		host.kvm_errno = errno;
		return;
	}
	*shared = host;
	pid = fork();
	if (!pid) {
		look_at_vm();
		*shared = host;
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		shared->kvm_errno = errno;
	host = *shared;
	munmap(shared, sizeof(host));
}

static const char *yes(int value)
{
	return value ? "yes" : "no";
}

static void show_host(void)
{
	struct utsname kernel;

	uname(&kernel);
	printf("# %s %s, %ld CPUs, machine %s\n", kernel.release, kernel.machine,
	       sysconf(_SC_NPROCESSORS_ONLN), proc_line("/proc/sysinfo", "Type"));
	printf("# features: %s\n", proc_line("/proc/cpuinfo", "features"));
	printf("# facilities: %s\n", proc_line("/proc/cpuinfo", "facilities"));
	if (host.promote >= 0)
		printf("# vm.pgste_promote=%ld vm.alloc_pgste=%ld\n", host.promote,
		       read_number(ALLOC_PGSTE));
	if (host.kvm_errno) {
		printf("# KVM: no (%s)\n", strerror(host.kvm_errno));
		return;
	}
	printf("# ESOP: %s  KVM_CAP_S390_COW: %s  EDAT-1: %s\n", yes(host.esop), yes(host.cow),
	       yes(host.edat1));
	printf("# CMMA: %s  CMMA for guests: %s\n", yes(host.cmma_can_be_enabled), yes(host.cmma));
	printf("# storage-key facility for guests: %s  PFMF interpretation: %s\n",
	       yes(host.skey), yes(host.pfmfi));
	printf("# SIE for guests (nested): %s  protected guests: %s\n", yes(host.nested),
	       yes(host.protected));
}

/* --- running them ---------------------------------------------------------- */

static volatile sig_atomic_t child;

static void too_late(int signal)
{
	(void)signal;
	if (child > 0)
		kill(child, SIGKILL);
}

/* Prints its TAP line. Return: 0 ok, 1 failed, EXIT_SKIP */
static int run(size_t number)
{
	char why[512] = "";
	int fds[2], status = 0;
	ssize_t n;

	if (host.kvm_errno && checks[number].needs_kvm) {
		printf("ok %zu - %s # SKIP no KVM: %s\n", number + 1, checks[number].name,
		       strerror(host.kvm_errno));
		return EXIT_SKIP;
	}
	if (pipe(fds)) {
		printf("not ok %zu - %s # pipe: %s\n", number + 1, checks[number].name,
		       strerror(errno));
		return 1;
	}
	fflush(stdout);
	child = fork();
	if (!child) {
		report_fd = fds[1];
		close(fds[0]);
		checks[number].run();
		fflush(stdout);
		_exit(0);
	}
	close(fds[1]);
	alarm(SECONDS);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	n = read(fds[0], why, sizeof(why) - 1);
	why[n > 0 ? n : 0] = 0;
	close(fds[0]);
	if (child < 0)
		snprintf(why, sizeof(why), "fork: %s", strerror(errno));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		snprintf(why, sizeof(why), "no end after %d s", SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "killed by signal %d", WTERMSIG(status));
	else
		status = WEXITSTATUS(status);
	if (!status && !why[0]) {
		printf("ok %zu - %s\n", number + 1, checks[number].name);
		return 0;
	}
	printf("%s %zu - %s # %s%s\n", status == EXIT_SKIP ? "ok" : "not ok", number + 1,
	       checks[number].name, status == EXIT_SKIP ? "SKIP " : "", why);
	return status == EXIT_SKIP ? EXIT_SKIP : 1;
}

static const char usage[] =
	"usage: pgste-selftest [-l | -h]\n"
	"Tells what of KVM with page tables of both kinds works on this s390x host. It runs\n"
	"small guests of its own and changes no setting. It needs access to /dev/kvm.\n"
	"The report is TAP, and is what to send if something fails.\n"
	"  -l  list the checks\n"
	"  -h  this text\n"
	"Exit status: 0 nothing failed, 1 a check failed, 2 wrong usage, 77 all skipped.\n"
	"See pgste(7).\n";

int main(int argc, char **argv)
{
	size_t i, failed = 0, skipped = 0;
	int c, rc;

	while ((c = getopt(argc, argv, "lh")) != -1) {
		switch (c) {
		case 'l':
			for (i = 0; i < NR_CHECKS; i++)
				printf("%zu %s\n", i + 1, checks[i].name);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "pgste-selftest: %s: no argument is taken, see -h\n", argv[optind]);
		return 2;
	}
	signal(SIGALRM, too_late);
	printf("TAP version 13\n1..%zu\n", NR_CHECKS);
	look();
	show_host();
	for (i = 0; i < NR_CHECKS; i++) {
		rc = run(i);
		failed += rc == 1;
		skipped += rc == EXIT_SKIP;
	}
	printf("# %zu ok, %zu failed, %zu skipped\n", NR_CHECKS - failed - skipped, failed, skipped);
	return failed ? 1 : skipped == NR_CHECKS ? EXIT_SKIP : 0;
}
