// SPDX-License-Identifier: GPL-2.0
/*
 * What `make run` shows: an ordinary process, a VM created late with a guest that uses
 * storage keys, memory that came too early, the way without the VM type, and a verdict
 * taken from what the kernel answered. Exit status 0 if all that can be shown here holds.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmsg.h"
#include "vmm.h"

#define GUEST_SIZE	(8 * GUEST_SEGMENT)
#define PAGES		64
#define SHOWN_KEYS	16

enum { HOLDS = 0, FAILS = 1, CANNOT = 77 };

static int no_sie;

static void say(const char *label, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const char *label, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("   %-34s ", label);
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

/* A step that must have gone well for the part to go on. */
static void want(int ok, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void want(int ok, const char *label, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("   %-34s ", label);
	vprintf(fmt, args);
	printf("%s\n", ok ? "" : "   <-- wrong");
	fflush(stdout);
	va_end(args);
	if (!ok)
		exit(FAILS);
}

static struct page_tables show_tables(const char *label)
{
	struct page_tables pt;
	int rc = page_tables(0, &pt);

	want(!rc, label, rc ? "/proc/self/arch_status: %s" :
	     "mode %-5s  2K: %3ld in %6ld bytes   PGSTE: %3ld in %6ld bytes",
	     rc ? strerror(-rc) : pt.mode, pt.n2k, pt.bytes2k, pt.n4k, pt.bytes4k);
	return pt;
}

static void touch(uint8_t *mem, size_t size)
{
	size_t off;

	for (off = 0; off < size; off += GUEST_SEGMENT)
		((volatile uint8_t *)mem)[off] = 1;
}

static int ordinary_process(void)
{
	struct page_tables before, after;
	uint8_t *mem;

	before = show_tables("page tables");
	mem = guest_memory(64 * GUEST_SEGMENT, MAP_PRIVATE);
	want(mem != NULL, "mmap", "64 MiB");
	touch(mem, 64 * GUEST_SEGMENT);
	after = show_tables("after touching 64 MiB more");
	want(!strcmp(after.mode, "none") && !after.n4k && after.n2k == before.n2k + 64,
	     "", "%ld new tables, 2K each, two to a page", after.n2k - before.n2k);
	return HOLDS;
}

static void run_guest(struct machine *m)
{
	static const struct {
		enum guest_job job;
		const char *label, *what;
	} step[] = {
		{ GUEST_FILL, "guest stores", "64 pages filled" },
		{ GUEST_VERIFY, "guest loads", "all as stored" },
		{ GUEST_REFERENCE, "guest: SSKE, load, store, RRBE", "reference and change bits as they must be" },
		{ GUEST_SETKEYS, "guest: SSKE", "64 keys set" },
		{ GUEST_GETKEYS, "guest: ISKE", "64 keys as set; ended by DIAG 0x501" },
	};
	uint8_t keys[PAGES];
	char text[SHOWN_KEYS * 3 + 1];
	unsigned int i;
	int rc, wrong = 0;

	for (i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		rc = guest_do(&m->cpu, step[i].job, GUEST_DATA, PAGES, 2);
		want(rc == GUEST_OK, step[i].label, "%s",
		     rc == GUEST_OK ? step[i].what : guest_text(&m->cpu, m->mem, rc));
	}
	rc = vm_get_keys(&m->vm, GUEST_DATA / GUEST_PAGE, PAGES, keys);
	want(!rc, "KVM_S390_GET_SKEYS", "%s", rc < 0 ? strerror(-rc) : rc ? "no keys in use" : "64 keys");
	for (i = 0; i < PAGES; i++)
		wrong += (keys[i] & 0xf8) != guest_key(i + 2);
	for (i = 0; i < SHOWN_KEYS; i++)
		sprintf(text + 3 * i, "%02x ", keys[i] & 0xf8);
	want(!wrong, "  the first of them", "%s", text);
}

static int late_vm(void)
{
	struct page_tables before, after;
	struct machine m;
	int rc;

	rc = kvm_capability(KVM_CAP_S390_LATE_MMAP);
	want(rc == 1, "KVM_CAP_S390_LATE_MMAP", "%d", rc);
	before = show_tables("page tables before");
	rc = machine_create(&m, KVM_VM_S390_LATE_MMAP, GUEST_SIZE, MAP_SHARED);
	want(!rc, "KVM_CREATE_VM(LATE_MMAP)", "%s", rc ? strerror(-rc) : "done; then guest memory is mapped");
	run_guest(&m);
	after = show_tables("page tables after");
	want(!strcmp(after.mode, "mixed") && after.n2k >= before.n2k && after.n4k >= 2,
	     "", "both kinds side by side");
	machine_destroy(&m);
	return HOLDS;
}

static int early_memory(void)
{
	const char *line;
	struct vcpu cpu;
	struct vm vm;
	uint8_t *mem;
	struct page_tables before, after;
	int rc, log;

	log = kmsg_open();
	mem = guest_memory(GUEST_SIZE, MAP_SHARED);
	want(mem && log >= 0, "mapped and touched first", "%lu MiB", GUEST_SIZE >> 20);
	guest_load(mem);
	touch(mem, GUEST_SIZE);
	rc = write_number(PGSTE_PROMOTE, 0);
	want(!rc, "sysctl vm.pgste_promote=0", "%s", rc ? strerror(-rc) : "done");
	rc = vm_create(&vm, KVM_VM_S390_LATE_MMAP);
	want(!rc, "KVM_CREATE_VM(LATE_MMAP)", "%s", rc ? strerror(-rc) : "done");
	rc = vm_slot(&vm, 0, 0, mem, GUEST_SIZE, 0);
	if (!rc)
		rc = vcpu_create(&vm, 0, &cpu);
	want(!rc, "memory slot, vCPU", "%s", rc ? strerror(-rc) : "done");
	rc = guest_do(&cpu, GUEST_FILL, GUEST_DATA, PAGES, 1);
	want(rc == -EFAULT, "KVM_RUN", "%s", rc == -EFAULT ? "refused: EFAULT" :
	     guest_text(&cpu, mem, rc));
	line = kmsg_find(log, "gmap:", "", "");
	want(line != NULL, "kernel log", "%s", line ? line : "not a word");

	rc = write_number(PGSTE_PROMOTE, 1);
	want(!rc, "sysctl vm.pgste_promote=1", "%s", rc ? strerror(-rc) : "done");
	before = show_tables("the same memory, its tables");
	rc = guest_do(&cpu, GUEST_FILL, GUEST_DATA, PAGES, 1);
	want(rc == GUEST_OK, "KVM_RUN", "%s", guest_text(&cpu, mem, rc));
	after = show_tables("promoted as the guest got there");
	want(after.n4k > before.n4k && after.n2k < before.n2k, "", "2K tables replaced under the running VM");
	vcpu_destroy(&cpu);
	vm_destroy(&vm);
	return HOLDS;
}

/* Executed under vm.alloc_pgste=1. */
static int process_with_4k(void)
{
	struct page_tables pt;
	struct machine m;
	int rc;

	pt = show_tables("executed under vm.alloc_pgste=1");
	want(!pt.n2k && pt.n4k, "", "all of this process's tables have PGSTEs");
	if (no_sie)
		return HOLDS;
	rc = machine_create(&m, 0, GUEST_SIZE, MAP_SHARED);
	want(!rc, "KVM_CREATE_VM(0)", "%s", rc ? strerror(-rc) : "done");
	run_guest(&m);
	machine_destroy(&m);
	return HOLDS;
}

static int fallback(void)
{
	const char *line;
	int rc, status, log = kmsg_open();
	struct vm vm;
	pid_t pid;

	if (!no_sie) {
		rc = write_number(PGSTE_PROMOTE, 0);
		want(!rc, "sysctl vm.pgste_promote=0", "%s", rc ? strerror(-rc) : "done");
		rc = vm_create(&vm, 0);
		want(rc == -EINVAL, "vm.alloc_pgste=0, KVM_CREATE_VM(0)", "%s",
		     rc == -EINVAL ? "refused: EINVAL" : rc ? strerror(-rc) : "done");
		line = kmsg_find(log, "LATE_MMAP", "", "");
		want(line != NULL, "kernel log", "%s", line ? line : "not a word of what would help");
	}
	rc = write_number(ALLOC_PGSTE, 1);
	want(!rc, "sysctl vm.alloc_pgste=1", "%s; vm.allocate_pgste is %ld",
	     rc ? strerror(-rc) : "done", read_number(ALLOCATE_PGSTE));
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", "demo", "--with-4k", NULL);
		_exit(FAILS);
	}
	waitpid(pid, &status, 0);
	rc = write_number(ALLOC_PGSTE, 0);
	want(!rc, "sysctl vm.alloc_pgste=0", "%s", rc ? strerror(-rc) : "done");
	write_number(PGSTE_PROMOTE, 1);
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILS;
}

static int part(int number, const char *title, int (*body)(void), int needs_sie)
{
	int status;
	pid_t pid;

	printf("\n%d. %s\n", number, title);
	fflush(stdout);
	if (needs_sie && no_sie) {
		say("cannot be shown here", "no /dev/kvm: this machine has no SIE (try MACHINE=hercules)");
		return CANNOT;
	}
	pid = fork();
	if (!pid)
		exit(body());
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		say("the process died", "signal %d", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILS;
}

int main(int argc, char **argv)
{
	int result[4], i, failed = 0, missing = 0;
	struct utsname kernel;

	no_sie = access("/dev/kvm", F_OK) != 0;
	if (argc == 2 && !strcmp(argv[1], "--with-4k"))
		return process_with_4k();
	if (argc > 1) {
		fprintf(stderr, "usage: %s (no arguments)\n", argv[0]);
		return 2;
	}
	uname(&kernel);
	printf("pgmix on Linux %s, %ld CPUs, vm.alloc_pgste=%ld\n", kernel.release,
	       sysconf(_SC_NPROCESSORS_ONLN), read_number(ALLOCATE_PGSTE));

	result[0] = part(1, "An ordinary process: 2K page tables only", ordinary_process, 0);
	result[1] = part(2, "A VM created late: its memory has PGSTEs, the rest stays 2K", late_vm, 1);
	result[2] = part(3, "Guest memory touched before the VM existed: refused, or promoted", early_memory, 1);
	result[3] = part(4, "Without the VM type and without promotion: vm.alloc_pgste=1", fallback, 0);

	printf("\n5. Verdict: ");
	for (i = 0; i < 4; i++) {
		if (result[i] == CANNOT)
			missing++;
		else if (result[i] != HOLDS)
			failed++;
	}
	if (failed) {
		printf("FAILED, part");
		for (i = 0; i < 4; i++)
			if (result[i] != HOLDS && result[i] != CANNOT)
				printf(" %d", i + 1);
		printf("\n");
	} else if (missing) {
		printf("what can be shown without SIE holds; parts 2 and 3 were NOT shown\n");
	} else {
		printf("all four hold: both kinds of page table in one process, under real SIE\n");
	}
	return failed != 0;
}
