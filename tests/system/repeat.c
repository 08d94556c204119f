// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMM and an administrator are told when memory of a guest is refused or a
 * promotion fails: KVM_RUN and the ioctls can be called again and then do what was
 * asked, no instruction of the guest is lost, and a refusal is counted, logged and
 * traced whoever meets it. And who may ask about the page tables of a process.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "scene.h"

#define LATE		KVM_VM_S390_LATE_MMAP
#define PAGES		256	/* of a segment */
#define OLD		4	/* segments in use before the VM */
#define OLD_GPA		(8 * GUEST_SEGMENT)
#define OLD_GFN		(OLD_GPA / GUEST_PAGE)
#define SEED		11
#define CODE		0x30000UL	/* in the guest, behind its stacks */
#define KEY		0x30
#define KEY_R		0x04
#define KEY_C		0x02

#define REFUSED		"/sys/kernel/mm/pgste/refused"
#define TRACE		"/sys/kernel/tracing/"

/* --- a guest that counts ---------------------------------------------------- */

/*
 * One instruction for each page: register 2 its first operand, 3 the address, 4 the
 * pages left, 5 how many are done, 6 the condition code and 12 the address of the code.
 * Not by EXECUTE RELATIVE LONG: its length, 6, is not what Hercules reports, so KVM
 * steps back by 4.
 */
#define LOOP(name, instruction, step, executed)				\
	asm(".pushsection .rodata\n"						\
	    "	.balign 8\n"							\
	    #name "_code:\n"							\
	    "0:	" instruction "\n"						\
	    "	lghi	%r6,0\n"						\
	    "	ipm	%r6\n"							\
	    "	srl	%r6,28\n"						\
	    "	aghi	%r5,1\n"						\
	    "	aghi	%r3," #step "\n"					\
	    "	brctg	%r4,0b\n"						\
	    "	diag	%r2,%r0,0x501\n"					\
	    "1:	" executed "\n"							\
	    #name "_end:\n"							\
	    ".popsection\n");							\
	extern const uint8_t name##_code[], name##_end[]

#define SSKE_R2_R3	"sske	%r2,%r3"
#define PFMF_R2_R3	".insn	rre,0xb9af0000,%r2,%r3"

LOOP(sske, SSKE_R2_R3, 4096, "");
LOOP(ex, "ex	%r0,1f-0b(%r12)", 4096, SSKE_R2_R3);
LOOP(iske, "iske	%r2,%r3", 4096, "");
LOOP(rrbe, "rrbe	%r0,%r3", 4096, "");
LOOP(pfmf, PFMF_R2_R3, 4096, "");
LOOP(pfmf_segment, PFMF_R2_R3, 0, "");	/* moves register 3 itself */
LOOP(store, "stg	%r2,0(%r3)", 4096, "");

#define PFMF_SET	0x20000
#define PFMF_CLEAR	0x10000
#define PFMF_SEGMENT	0x01000

struct job {
	const char *name;
	const uint8_t *code, *end;
	unsigned long operand;
	unsigned long times;	/* executed for all segments in use before */
	int key;		/* of each page afterwards; -1: not set by it */
};

#define JOB(name, text, operand, times, key)	{ text, name##_code, name##_end, operand, times, key }

static const struct job jobs[] = {
	JOB(sske, "SSKE", KEY, OLD * PAGES, KEY),
	JOB(ex, "SSKE by EXECUTE", KEY, OLD * PAGES, KEY),
	JOB(sske, "SSKE of key 0", 0, OLD * PAGES, 0),
	JOB(rrbe, "RRBE", 0, OLD * PAGES, KEY_C),
	JOB(pfmf, "PFMF", PFMF_SET | KEY, OLD * PAGES, KEY),
	JOB(pfmf, "PFMF that clears", PFMF_SET | PFMF_CLEAR | KEY, OLD * PAGES, -1),
	JOB(pfmf_segment, "PFMF of 1 MiB", PFMF_SET | PFMF_SEGMENT | KEY, OLD, KEY),
	JOB(store, "STG", 1, OLD * PAGES, -1),
};

struct scene {
	struct machine m;
	uint8_t *old;
};

/* Promotion is off: the slot is made with the 2K tables that it had. */
static void make_scene(struct scene *s, int segments)
{
	s->old = map_segments(segments, MAP_SHARED);
	fill_segments(s->old, segments, PAGES, SEED);
	make_machine(&s->m, LATE, 8 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&s->m.vm, 1, OLD_GPA, s->old, segments * GUEST_SEGMENT);
	/* what the guest needs for itself is there before anything is counted */
	run_job(&s->m, GUEST_POKE, GUEST_DATA, 1, 1);
}

static void end_scene(struct scene *s, int segments)
{
	machine_destroy(&s->m);
	munmap(s->old, segments * GUEST_SEGMENT);
}

static void start_job(struct scene *s, const struct job *job, uint64_t gpa, unsigned long times)
{
	struct kvm_run *run = s->m.cpu.run;

	memcpy(s->m.mem + CODE, job->code, job->end - job->code);
	guest_start(&s->m.cpu, GUEST_POKE, gpa, times, 0);
	run->psw_addr = CODE;
	run->s.regs.gprs[2] = job->operand;
	run->s.regs.gprs[12] = CODE;
}

static void expect_end_of_job(struct scene *s, const struct job *job, int rc, unsigned long times)
{
	struct kvm_run *run = s->m.cpu.run;

	require(rc == 1, "%s: %s", job->name, rc < 0 ? strerror(-rc) : vcpu_exit_text(&s->m.cpu));
	require(run->s.regs.gprs[5] == times, "%s: executed %llu times of %lu", job->name,
		run->s.regs.gprs[5], times);
}

static void expect_keys(struct scene *s, const struct job *job, unsigned long pages)
{
	uint8_t keys[OLD * PAGES];
	unsigned long i;
	int rc;

	if (job->key < 0)
		return;
	rc = vm_get_keys(&s->m.vm, OLD_GFN, pages, keys);
	require(!rc, "KVM_S390_GET_SKEYS: %d", rc);
	for (i = 0; i < pages; i++)
		require(keys[i] == job->key, "%s: key of page %lu is 0x%02x, not 0x%02x", job->name, i,
			keys[i], job->key);
}

static void promote(int on)
{
	require(!write_number(PGSTE_PROMOTE, on), "vm.pgste_promote");
}

/*
 * Refused twice, each time with the PSW at the instruction and nothing done; then let
 * through, segment by segment: refused at the first page of each.
 */
static void refused_instruction_is_repeated(void)
{
	unsigned int j, segment;
	struct scene s;
	long refused;
	int rc, i;

	for (j = 0; j < sizeof(jobs) / sizeof(jobs[0]); j++) {
		const struct job *job = &jobs[j];
		struct kvm_run *run;

		promote(0);
		make_scene(&s, OLD);
		run = s.m.cpu.run;
		start_job(&s, job, OLD_GPA, job->times);
		for (segment = 0; segment < OLD; segment++) {
			unsigned long done = segment * (job->times / OLD);

			promote(0);
			for (i = 0; i < 2; i++) {
				refused = read_number(REFUSED);
				rc = vcpu_run(&s.m.cpu);
				require(rc == -EFAULT, "%s, segment %u: %s", job->name, segment,
					rc < 0 ? strerror(-rc) : vcpu_exit_text(&s.m.cpu));
				require(run->psw_addr == CODE, "%s: refused, the PSW is %lld bytes behind it",
					job->name, run->psw_addr - CODE);
				require(run->s.regs.gprs[5] == done, "%s: refused after %llu times, not %lu",
					job->name, run->s.regs.gprs[5], done);
				require(read_number(REFUSED) == refused + 1, "%s: %ld refusals counted",
					job->name, read_number(REFUSED) - refused);
			}
			promote(1);
			/* one page of it, as the guest itself would after this */
			rc = ioctl(s.m.cpu.fd, KVM_S390_VCPU_FAULT, OLD_GPA + segment * GUEST_SEGMENT);
			require(!rc, "KVM_S390_VCPU_FAULT: %s", strerror(errno));
		}
		expect_end_of_job(&s, job, vcpu_run(&s.m.cpu), job->times);
		expect_keys(&s, job, OLD * PAGES);
		end_scene(&s, OLD);
	}
}

/* The n-th allocation fails, in a process of its own: only its first VM finds 2K tables. */
static int fail_in_run(const struct job *job, int n)
{
	struct scene s;
	int rc, failed;

	promote(0);
	make_scene(&s, OLD);
	promote(1);
	/* Storage keys are enabled by the first that is used, somewhere else. */
	run_job(&s.m, GUEST_SETKEYS, GUEST_DATA, 1, 1);
	start_job(&s, job, OLD_GPA, job->times);
	fail_nth(n);
	rc = vcpu_run(&s.m.cpu);
	failed = fail_nth_end();
	require(rc != -ENOMEM || failed, "%s: ENOMEM with memory", job->name);
	if (rc == -ENOMEM)
		rc = vcpu_run(&s.m.cpu);
	expect_end_of_job(&s, job, rc, job->times);
	expect_keys(&s, job, OLD * PAGES);
	end_scene(&s, OLD);
	return !failed;
}

static void instruction_without_memory_is_repeated(void)
{
	unsigned int j;
	int n, status;
	pid_t pid;

	need_failures();
	for (j = 0; j < sizeof(jobs) / sizeof(jobs[0]); j++) {
		/* A fault in SIE is repeated by the machine, see tests/replace. */
		if (jobs[j].code == store_code)
			continue;
		for (n = 1; n < 100; n++) {
			pid = fork();
			if (!pid)
				_exit(fail_in_run(&jobs[j], n) ? 2 : 0);
			require(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "a child was killed");
			if (WEXITSTATUS(status) == 1)
				_exit(1);
			if (WEXITSTATUS(status) == 2)
				break;
		}
		note("%s: %d allocations failed, one after the other", jobs[j].name, n - 1);
		require(n > 1, "%s: no allocation failed", jobs[j].name);
	}
}

/* --- what key operations say about memory that has not been promoted yet ------- */

static uint8_t key_by_guest(struct scene *s, unsigned long page)
{
	struct job job = JOB(iske, "ISKE", 0, 1, -1);

	start_job(s, &job, OLD_GPA + page * GUEST_PAGE, 1);
	expect_end_of_job(s, &job, vcpu_run(&s->m.cpu), 1);
	return s->m.cpu.run->s.regs.gprs[2] & 0xff;
}

static uint8_t key_by_ioctl(struct scene *s, unsigned long page)
{
	uint8_t key;
	int rc = vm_get_keys(&s->m.vm, OLD_GFN + page, 1, &key);

	require(!rc, "KVM_S390_GET_SKEYS: %d", rc);
	return key;
}

static void keys_read_before_and_after_promotion_agree(void)
{
	uint8_t guest[2], host[2];
	struct page_tables before;
	struct scene s;
	int i;

	promote(0);
	make_scene(&s, OLD);
	promote(1);
	before = tables_now();
	for (i = 0; i < 2; i++) {
		guest[i] = key_by_guest(&s, 5);
		host[i] = key_by_ioctl(&s, 5);
		if (!i)
			require(tables_now().n2k == before.n2k, "reading a key has promoted a table");
		require(!ioctl(s.m.cpu.fd, KVM_S390_VCPU_FAULT, OLD_GPA), "KVM_S390_VCPU_FAULT: %s",
			strerror(errno));
	}
	require(tables_now().n2k < before.n2k, "no table was promoted");
	require(guest[0] == guest[1], "ISKE: 0x%02x before promotion, 0x%02x after", guest[0], guest[1]);
	require(host[0] == host[1], "KVM_S390_GET_SKEYS: 0x%02x before promotion, 0x%02x after",
		host[0], host[1]);
	require(guest[0] == host[0], "ISKE: 0x%02x, KVM_S390_GET_SKEYS: 0x%02x", guest[0], host[0]);
	end_scene(&s, OLD);
}

static void keys_set_before_promotion_are_there_after_it(void)
{
	static const uint8_t key[] = { 0, KEY_R | KEY_C, KEY_C, KEY };
	struct scene s;
	unsigned int i;
	int rc;

	promote(0);
	make_scene(&s, OLD);
	promote(1);
	for (i = 0; i < OLD; i++) {
		rc = vm_set_keys(&s.m.vm, OLD_GFN + i * PAGES, 1, &key[i]);
		require(!rc, "KVM_S390_SET_SKEYS to 0x%02x: %s", key[i], strerror(-rc));
		require(!ioctl(s.m.cpu.fd, KVM_S390_VCPU_FAULT, OLD_GPA + i * GUEST_SEGMENT),
			"KVM_S390_VCPU_FAULT: %s", strerror(errno));
		rc = key_by_guest(&s, i * PAGES);
		require(rc == key[i], "set to 0x%02x, is 0x%02x", key[i], rc);
	}
	end_scene(&s, OLD);
}

/* --- usage states --------------------------------------------------------------------- */

#define UNUSED_STATE	0x02

static int usage(struct vm *vm, unsigned long request, uint64_t gfn, uint8_t *value)
{
	struct kvm_s390_cmma_log log = {
		.start_gfn = gfn, .count = 1, .mask = ~0UL, .values = (uintptr_t)value,
		.flags = request == KVM_S390_GET_CMMA_BITS ? KVM_S390_CMMA_PEEK : 0,
	};

	return ioctl(vm->fd, request, &log) ? -errno : 0;
}

/* No guest runs here: the machine has no such states, see tests/kernel/cmma.c. */
static void usage_states_are_stored_or_refused(void)
{
	uint8_t none = 0, unused = UNUSED_STATE, value = 0;
	uint8_t *old = map_segments(2, MAP_SHARED);
	struct vm vm;
	long tables;
	int rc;

	fill_segments(old, 2, PAGES, SEED);
	if (write_number("/sys/kernel/debug/pgmix-cmma", 1))
		skip("no debugfs pgmix-cmma");
	make_vm(&vm, LATE);
	put_slot(&vm, 0, 0, old, 2 * GUEST_SEGMENT);
	rc = vm_mem_attr(&vm, KVM_S390_VM_MEM_ENABLE_CMMA, NULL);
	require(!rc, "KVM_S390_VM_MEM_ENABLE_CMMA: %s", strerror(-rc));
	tables = tables_now().n2k;
	rc = usage(&vm, KVM_S390_SET_CMMA_BITS, 3, &none);
	require(!rc, "a state of 0 in refused memory: %s", strerror(-rc));
	rc = usage(&vm, KVM_S390_SET_CMMA_BITS, 3, &unused);
	require(rc == -EFAULT, "a state in refused memory: %d", rc);
	promote(1);
	rc = usage(&vm, KVM_S390_SET_CMMA_BITS, 3, &none);
	require(!rc && tables_now().n2k == tables, "a state of 0: %d, %ld tables promoted", rc,
		tables - tables_now().n2k);
	rc = usage(&vm, KVM_S390_SET_CMMA_BITS, 3, &unused);
	require(!rc, "KVM_S390_SET_CMMA_BITS: %s", strerror(-rc));
	require(tables_now().n2k == tables - 1, "%ld tables promoted", tables - tables_now().n2k);
	rc = usage(&vm, KVM_S390_GET_CMMA_BITS, 3, &value);
	require(!rc && value == UNUSED_STATE, "KVM_S390_GET_CMMA_BITS: %d, state 0x%02x", rc, value);
	check_segments(old, 2, PAGES, SEED, "after it");
	vm_destroy(&vm);
	munmap(old, 2 * GUEST_SEGMENT);
}

/* --- ioctls under a storm of signals -------------------------------------------- */

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

/* Many mappings in each segment: all their locks take a while, and a signal ends that. */
static void make_patchwork(uint8_t *mem, int segments)
{
	int i;

	for (i = 0; i < segments * PAGES; i += 2)
		require(!mprotect(mem + i * GUEST_PAGE, GUEST_PAGE, PROT_READ), "mprotect: %s",
			strerror(errno));
	for (i = 0; i < segments * PAGES; i += 2)
		require(!madvise(mem + i * GUEST_PAGE, GUEST_PAGE, MADV_DONTFORK), "madvise: %s",
			strerror(errno));
	for (i = 0; i < segments * PAGES; i += 2)
		require(!mprotect(mem + i * GUEST_PAGE, GUEST_PAGE, PROT_READ | PROT_WRITE),
			"mprotect: %s", strerror(errno));
}

static void signals_do_not_end_promoting_ioctls(void)
{
	enum { SEGMENTS = 32 };
	struct itimerval once = { 0 };
	struct sigaction act = { .sa_handler = on_signal };	/* no SA_RESTART */
	uint8_t keys[PAGES];
	struct scene s;
	int i, rc;

	memset(keys, KEY, sizeof(keys));
	promote(0);
	make_scene(&s, SEGMENTS);
	make_patchwork(s.old, SEGMENTS);
	promote(1);
	require(!sigaction(SIGALRM, &act, NULL), "sigaction: %s", strerror(errno));
	for (i = 0; i < SEGMENTS; i++) {
		/* sometime while that many locks are taken */
		once.it_value.tv_usec = 200 + i % 8 * 300;
		require(!setitimer(ITIMER_REAL, &once, NULL), "setitimer: %s", strerror(errno));
		if (i & 1) {
			rc = vm_set_keys(&s.m.vm, OLD_GFN + i * PAGES, PAGES, keys);
			require(!rc, "KVM_S390_SET_SKEYS of segment %d, %d signals: %s", i, (int)signals,
				strerror(-rc));
		} else {
			rc = ioctl(s.m.cpu.fd, KVM_S390_VCPU_FAULT, OLD_GPA + i * GUEST_SEGMENT);
			require(!rc, "KVM_S390_VCPU_FAULT of segment %d, %d signals: %s", i, (int)signals,
				strerror(errno));
		}
	}
	while (!signals)
		usleep(100);
	note("%d signals", (int)signals);
	end_scene(&s, SEGMENTS);
}

/* --- reports of a refusal ---------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	require(fd >= 0, "%s: %s", path, strerror(errno));
	require(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %s", path,
		strerror(errno));
	close(fd);
}

/* Lines of the trace that have all of the words in them. */
static int traced(const char *word1, const char *word2)
{
	FILE *f = fopen(TRACE "trace", "r");
	char line[256];
	int n = 0;

	require(f, TRACE "trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		n += line[0] != '#' && strstr(line, word1) && strstr(line, word2);
	fclose(f);
	return n;
}

static void trace_on(const char *event)
{
	char path[128];

	write_text(TRACE "trace", "");
	snprintf(path, sizeof(path), TRACE "events/%s/enable", event);
	write_text(path, "1");
}

static void trace_off(const char *event)
{
	char path[128];

	snprintf(path, sizeof(path), TRACE "events/%s/enable", event);
	write_text(path, "0");
}

static int set_one_key(struct scene *s)
{
	uint8_t key = KEY;

	return vm_set_keys(&s->m.vm, OLD_GFN + 3, 1, &key);
}

static int fault_one_page(struct scene *s)
{
	return ioctl(s->m.cpu.fd, KVM_S390_VCPU_FAULT, OLD_GPA + 3 * GUEST_PAGE) ? -errno : 0;
}

static int store_to_it(struct scene *s)
{
	return guest_do(&s->m.cpu, GUEST_POKE, OLD_GPA + 3 * GUEST_PAGE, 1, 1);
}

static int set_key_in_guest(struct scene *s)
{
	return guest_do(&s->m.cpu, GUEST_SETKEYS, OLD_GPA + 3 * GUEST_PAGE, 1, 1);
}

static void every_refusal_is_counted_logged_and_traced(void)
{
	static const struct {
		const char *name;
		int (*run)(struct scene *s);
	} way[] = {
		{ "a store of the guest", store_to_it },
		{ "SSKE of the guest", set_key_in_guest },
		{ "KVM_S390_SET_SKEYS", set_one_key },
		{ "KVM_S390_VCPU_FAULT", fault_one_page },
	};
	char gaddr[32], vmaddr[32], inlog[48], pid[16];
	unsigned int i, tries;
	struct scene s;
	long refused;
	int rc;

	make_scene(&s, OLD);
	snprintf(pid, sizeof(pid), "[%d]: ", getpid());
	snprintf(gaddr, sizeof(gaddr), "gaddr=%#lx ", OLD_GPA + 3 * GUEST_PAGE);
	snprintf(vmaddr, sizeof(vmaddr), "vmaddr=%#lx", (unsigned long)s.old + 3 * GUEST_PAGE);
	snprintf(inlog, sizeof(inlog), "guest address %#lx refused", OLD_GPA + 3 * GUEST_PAGE);
	for (i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		log_mark();
		/* The log has a limit of so many lines in so many seconds. */
		for (tries = 0; tries < 20; tries++) {
			refused = read_number(REFUSED);
			trace_on("pgmix/gmap_refuse");
			rc = way[i].run(&s);
			trace_off("pgmix/gmap_refuse");
			require(rc == -EFAULT, "%s: %d", way[i].name, rc);
			require(read_number(REFUSED) == refused + 1, "%s: %ld refusals counted", way[i].name,
				read_number(REFUSED) - refused);
			require(traced("gmap_refuse:", "") == 1, "%s: %d refusals traced", way[i].name,
				traced("gmap_refuse:", ""));
			require(traced(gaddr, vmaddr) == 1, "%s: traced with other addresses than %s%s",
				way[i].name, gaddr, vmaddr);
			if (log_find(pid, inlog, "pgste_promote"))
				break;
		}
		require(tries < 20, "%s: not in the log", way[i].name);
	}
	end_scene(&s, OLD);
}

/* --- KVM_S390_ENABLE_SIE ------------------------------------------------------ */

static int enable_sie(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), rc;

	require(kvm >= 0, "/dev/kvm: %s", strerror(errno));
	rc = ioctl(kvm, KVM_S390_ENABLE_SIE) ? -errno : 0;
	close(kvm);
	return rc;
}

static void enable_sie_is_judged_as_type_0(void)
{
	struct machine m;
	int rc;

	rc = enable_sie();
	require(rc == -EINVAL, "KVM_S390_ENABLE_SIE with 2K tables: %d", rc);
	expect_mode("none");
	promote(1);
	rc = enable_sie();
	require(!rc, "KVM_S390_ENABLE_SIE, promotion on: %s", strerror(-rc));
	promote(0);
	make_machine(&m, LATE, 2 * GUEST_SEGMENT, MAP_SHARED);
	run_job(&m, GUEST_POKE, GUEST_DATA, 1, 1);
	rc = enable_sie();
	require(rc == -EINVAL, "KVM_S390_ENABLE_SIE beside a late VM: %d", rc);
	machine_destroy(&m);
}

static void enable_sie_in_4k(void)
{
	int rc = enable_sie();

	require(!rc, "KVM_S390_ENABLE_SIE: %s", strerror(-rc));
}

/* --- /proc/PID/arch_status ----------------------------------------------------------- */

#define USER	1000

static int read_at(int dir, const char *path)
{
	char text[256];
	int fd = openat(dir, path, O_RDONLY), rc;

	if (fd < 0)
		return -errno;
	rc = read(fd, text, sizeof(text));
	if (rc < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* The directory is opened before: the way to /proc may be closed to that user. */
static void page_tables_are_told_to_who_may_trace(void)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY), rc;
	char stat[32], status[32];
	pid_t pid;

	require(proc >= 0, "/proc: %s", strerror(errno));
	snprintf(stat, sizeof(stat), "%d/stat", getpid());
	snprintf(status, sizeof(status), "%d/arch_status", getpid());
	rc = read_at(proc, status);
	require(rc > 0, "root, its own: %d", rc);
	pid = fork();
	if (!pid) {
		require(!setgid(USER) && !setuid(USER), "setuid: %s", strerror(errno));
		rc = read_at(proc, stat);
		require(rc > 0, "what everybody may read cannot be read: %s", strerror(-rc));
		rc = read_at(proc, "self/arch_status");
		require(rc > 0, "a user, its own process: %s", strerror(-rc));
		rc = read_at(proc, status);
		require(rc == -EACCES, "a user, root's process: %d", rc);
		_exit(0);
	}
	wait_ok(pid);
	rc = read_at(proc, "1/arch_status");
	require(rc > 0, "root, another process: %s", strerror(-rc));
	close(proc);
}

/* One table in each of some segments, far from each other. */
static void page_tables_are_counted_in_pieces(void)
{
	const unsigned long size = 256UL << 30, step = size / 64;
	struct page_tables before, after;
	unsigned long at;
	char task[16];
	uint8_t *mem;
	int n;

	mem = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	require(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	before = tables_now();
	for (at = 0; at < size; at += step)
		(void)*(volatile uint8_t *)(mem + at);
	after = tables_now();
	require(after.n2k - before.n2k == 64, "64 tables made, %ld counted", after.n2k - before.n2k);
	/* What this process does between these two is no more than to read the file. */
	trace_on("mmap_lock/mmap_lock_acquire_returned");
	after = tables_now();
	trace_off("mmap_lock/mmap_lock_acquire_returned");
	snprintf(task, sizeof(task), "-%d ", getpid());
	n = traced(task, "mmap_lock_acquire_returned");
	note("the lock was taken %d times for 256 GiB", n);
	require(n >= 32, "the mmap lock was taken %d times for 256 GiB", n);
	require(after.n2k - before.n2k == 64, "64 tables made, %ld counted", after.n2k - before.n2k);
	munmap(mem, size);
}

/* --- the prefix area goes while the guest runs ----------------------------------------- */

#define PREFIX_GPA	(16 * GUEST_SEGMENT)

struct prefix_scene {
	struct machine m;
	uint8_t *prefix;
	int fd;
	volatile int result;	/* of KVM_RUN; 2: not yet */
};

static void *run_prefix(void *arg)
{
	struct prefix_scene *s = arg;

	s->result = vcpu_run(&s->m.cpu);
	return NULL;
}

static void go_munmap(struct prefix_scene *s)
{
	munmap(s->prefix, GUEST_SEGMENT);
}

static void go_protect(struct prefix_scene *s)
{
	mprotect(s->prefix, GUEST_SEGMENT, PROT_NONE);
}

static void go_move(struct prefix_scene *s)
{
	uint8_t *to = map_segments(1, MAP_SHARED);

	mremap(s->prefix, GUEST_SEGMENT, GUEST_SEGMENT, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void go_truncate(struct prefix_scene *s)
{
	if (ftruncate(s->fd, 0))
		fail("ftruncate: %s", strerror(errno));
}

static void go_hole(struct prefix_scene *s)
{
	madvise(s->prefix, GUEST_SEGMENT, MADV_REMOVE);
}

static void go_replace(struct prefix_scene *s)
{
	guest_memory_at(s->prefix, GUEST_SEGMENT, MAP_SHARED);
}

static void go_slot(struct prefix_scene *s)
{
	vm_slot(&s->m.vm, 1, PREFIX_GPA, NULL, 0, 0);
}

static void go_slot_move(struct prefix_scene *s)
{
	vm_slot(&s->m.vm, 1, 2 * PREFIX_GPA, s->prefix, GUEST_SEGMENT, 0);
}

/* The same memory at another guest address, where nobody has looked for it, goes. */
static void go_other_slot(struct prefix_scene *s)
{
	put_slot(&s->m.vm, 2, 2 * PREFIX_GPA, s->prefix, GUEST_SEGMENT);
	vm_slot(&s->m.vm, 2, 2 * PREFIX_GPA, NULL, 0, 0);
}

static const struct {
	const char *name;
	void (*go)(struct prefix_scene *s);
	int result;	/* of KVM_RUN; 1: the guest goes on, maybe by a page of zeros */
} ways_to_go[] = {
	{ "munmap", go_munmap, -EFAULT },
	{ "mprotect", go_protect, -EFAULT },
	{ "mremap", go_move, -EFAULT },
	{ "ftruncate", go_truncate, -EFAULT },
	{ "MADV_REMOVE", go_hole, 1 },
	{ "mmap", go_replace, 1 },
	{ "the slot deleted", go_slot, -EFAULT },
	{ "the slot moved", go_slot_move, -EFAULT },
	{ "another slot of the memory deleted", go_other_slot, 1 },
};

/*
 * Return: 0 if the guest ended before the prefix area went, which on Hercules it can, by a
 * first instruction of zeros (docs/clients.md): then nothing is said about the kernel.
 */
static int prefix_goes(unsigned long type, int way)
{
	struct prefix_scene s = { .result = 2, .fd = memfd_create("prefix", 0) };
	int goes_on = ways_to_go[way].result == 1, began;
	volatile unsigned long *rounds;
	unsigned long before;
	pthread_t thread;

	make_machine(&s.m, type, 8 * GUEST_SEGMENT, MAP_SHARED);
	rounds = &s.m.ctl->rounds;
	require(s.fd >= 0 && !ftruncate(s.fd, GUEST_SEGMENT), "memfd: %s", strerror(errno));
	s.prefix = map_segments(1, MAP_SHARED);
	require(mmap(s.prefix, GUEST_SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, s.fd,
		     0) == s.prefix, "mmap: %s", strerror(errno));
	memcpy(s.prefix, s.m.mem, 2 * GUEST_PAGE);
	put_slot(&s.m.vm, 1, PREFIX_GPA, s.prefix, GUEST_SEGMENT);
	guest_start(&s.m.cpu, GUEST_SPIN, GUEST_DATA, PAGES, 0);
	s.m.cpu.run->s.regs.prefix = PREFIX_GPA;
	s.m.cpu.run->kvm_dirty_regs |= KVM_SYNC_PREFIX;
	require(!pthread_create(&thread, NULL, run_prefix, &s), "no thread");
	while (*rounds < 2 && s.result == 2)
		usleep(1000);
	began = *rounds >= 2;
	ways_to_go[way].go(&s);
	before = *rounds;
	while (s.result == 2 && !(goes_on && *rounds > before + 2))
		usleep(1000);
	*(volatile unsigned long *)&s.m.ctl->stop = 1;
	pthread_join(thread, NULL);
	require(!began || s.result == ways_to_go[way].result, "%s: KVM_RUN: %s, guest: %s",
		ways_to_go[way].name,
		s.result < 0 ? strerror(-s.result) : vcpu_exit_text(&s.m.cpu),
		guest_text(&s.m.cpu, s.m.mem, s.m.cpu.run->s.regs.gprs[2]));
	if (!began)
		note("%s: the guest did not begin: %s", ways_to_go[way].name,
		     guest_text(&s.m.cpu, s.m.mem, s.m.cpu.run->s.regs.gprs[2]));
	machine_destroy(&s.m);
	munmap(s.prefix, GUEST_SEGMENT);
	close(s.fd);
	return began;
}

static void prefix_area_goes(void)
{
	unsigned int way, tries;

	for (way = 0; way < sizeof(ways_to_go) / sizeof(ways_to_go[0]); way++) {
		tries = 5;
		while (!prefix_goes(0, way))
			require(--tries, "%s: no guest begins", ways_to_go[way].name);
	}
}

static const struct test tests[] = {
	{ "an instruction that is refused is executed when KVM_RUN is called again",
	  refused_instruction_is_repeated, REFUSES },
	{ "an instruction for which there was no memory is executed when KVM_RUN is called again",
	  instruction_without_memory_is_repeated, NEEDS_KVM },
	{ "keys read before and after promotion are the same",
	  keys_read_before_and_after_promotion_agree, NEEDS_KVM },
	{ "keys set before promotion are there after it",
	  keys_set_before_promotion_are_there_after_it, NEEDS_KVM },
	{ "signals do not end ioctls that promote", signals_do_not_end_promoting_ioctls, NEEDS_KVM },
	{ "KVM_S390_SET_CMMA_BITS stores a state, or says that it cannot",
	  usage_states_are_stored_or_refused, REFUSES },
	{ "every refusal is counted, logged and traced", every_refusal_is_counted_logged_and_traced,
	  REFUSES },
	{ "KVM_S390_ENABLE_SIE is judged as a VM of type 0", enable_sie_is_judged_as_type_0, REFUSES },
	{ "KVM_S390_ENABLE_SIE in a process with 4K tables", enable_sie_in_4k, REFUSES | IN_4K },
	{ "arch_status of a process is for who may trace it", page_tables_are_told_to_who_may_trace,
	  0 },
	{ "arch_status takes the mmap lock for a piece at a time",
	  page_tables_are_counted_in_pieces, 0 },
	{ "a prefix area that goes under a running vCPU ends KVM_RUN with EFAULT", prefix_area_goes,
	  NEEDS_KVM },
	{ "the same in a process with 4K tables", prefix_area_goes, NEEDS_KVM | IN_4K },
};

TAP_MAIN(tests)
