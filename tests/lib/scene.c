// SPDX-License-Identifier: GPL-2.0
/* What several test programs set up: see scene.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scene.h"

#define PAGE	GUEST_PAGE
#define KEYS	0xf8

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int tap_seconds(void)
{
	const char *s = getenv("TAP_SECONDS");

	return s ? atoi(s) : 180;
}

struct page_tables tables_now(void)
{
	struct page_tables pt;
	int rc = page_tables(0, &pt);

	require(!rc, "/proc/self/arch_status: %s", strerror(-rc));
	return pt;
}

void expect_mode(const char *mode)
{
	struct page_tables pt = tables_now();

	require(!strcmp(pt.mode, mode), "PgsteMode is \"%s\", not \"%s\"", pt.mode, mode);
}

void expect_all_dirty(struct vm *vm, unsigned int slot, int pages)
{
	uint8_t *bitmap = calloc(1, pages / 8 + sizeof(long));
	int i, rc, lost = 0;

	require(bitmap, "calloc: %s", strerror(errno));
	rc = vm_dirty_log(vm, slot, bitmap);
	require(!rc, "KVM_GET_DIRTY_LOG: %s", strerror(-rc));
	for (i = 0; i < pages; i++)
		lost += !is_dirty(bitmap, i);
	require(!lost, "%d of %d pages that the guest wrote are not in the log", lost, pages);
	free(bitmap);
}

uint8_t *map_segments(int segments, int flags)
{
	uint8_t *mem = guest_memory(segments * GUEST_SEGMENT, flags);

	require(mem, "mmap of %d MiB: %s", segments, strerror(errno));
	return mem;
}

int make_file(size_t size)
{
	int fd = memfd_create("test", 0);

	require(fd >= 0 && !ftruncate(fd, size), "memfd: %s", strerror(errno));
	return fd;
}

uint8_t *map_file(int fd, int segments)
{
	uint8_t *mem = map_segments(segments, MAP_SHARED);

	require(mmap(mem, segments * GUEST_SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     fd, 0) == mem, "mmap: %s", strerror(errno));
	return mem;
}

int tell_of_missing(void *mem, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)mem, size }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	require(fd >= 0, "userfaultfd: %s", strerror(errno));
	require(!ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &reg),
		"UFFDIO_REGISTER: %s", strerror(errno));
	return fd;
}

void fill_missing(int fd, void *page, const void *from)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page, .src = (uintptr_t)from, .len = GUEST_PAGE,
	};

	require(!ioctl(fd, UFFDIO_COPY, &copy), "UFFDIO_COPY: %s", strerror(errno));
}

void remember_frames(const void *mem, int pages, long *pfn)
{
	int i;

	for (i = 0; i < pages; i++) {
		(void)*((volatile const uint8_t *)mem + i * PAGE);
		pfn[i] = pfn_of((const uint8_t *)mem + i * PAGE);
		require(pfn[i] > 0, "page %d is not in memory", i);
	}
}

int frames_unchanged(const void *mem, int pages, const long *pfn)
{
	int i, n = 0;

	for (i = 0; i < pages; i++)
		n += pfn_of((const uint8_t *)mem + i * PAGE) == pfn[i];
	return n;
}

void fill_segments(void *mem, int segments, int pages, unsigned long seed)
{
	volatile unsigned long *word;
	int s, p;

	require(segments > 0 && pages > 0, "%d pages of %d segments to fill", pages, segments);
	for (s = 0; s < segments; s++) {
		for (p = 0; p < pages; p++) {
			word = (void *)((uintptr_t)mem + s * GUEST_SEGMENT + p * PAGE);
			*word = guest_word((uintptr_t)word, seed);
		}
	}
}

void check_segments(const void *mem, int segments, int pages, unsigned long seed,
		    const char *when)
{
	volatile unsigned long *word;
	int s, p;

	require(segments > 0 && pages > 0, "%d pages of %d segments to check", pages, segments);
	for (s = 0; s < segments; s++) {
		for (p = 0; p < pages; p++) {
			word = (void *)((uintptr_t)mem + s * GUEST_SEGMENT + p * PAGE);
			require(*word == guest_word((uintptr_t)word, seed),
				"%s: page %d of segment %d holds 0x%lx, not 0x%lx", when, p, s,
				*word, guest_word((uintptr_t)word, seed));
		}
	}
}

void check_guest_page(const void *page, uint64_t addr, unsigned long seed, const char *when)
{
	const unsigned long *word = page;
	unsigned int i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		require(word[i] == guest_word(addr + i * sizeof(*word), seed),
			"%s: the process sees 0x%lx at guest address 0x%lx, not 0x%lx", when, word[i],
			addr + i * sizeof(*word), guest_word(addr + i * sizeof(*word), seed));
}

void make_machine(struct machine *m, unsigned long type, size_t size, int map)
{
	int rc = machine_create(m, type, size, map);

	require(!rc, "a machine of type %lu: %s", type, strerror(-rc));
}

void make_vm(struct vm *vm, unsigned long type)
{
	int rc = vm_create(vm, type);

	require(!rc, "KVM_CREATE_VM(%lu): %s", type, strerror(-rc));
}

void put_slot(struct vm *vm, unsigned int slot, uint64_t gpa, void *hva, size_t size)
{
	int rc = vm_slot(vm, slot, gpa, hva, size, 0);

	require(!rc, "memory slot %u: %s", slot, strerror(-rc));
}

void run_job(struct machine *m, enum guest_job job, uint64_t from, unsigned long pages,
	     unsigned long arg)
{
	int rc;

	require(pages > 0, "guest job %d on no page", job);
	rc = guest_do(&m->cpu, job, from, pages, arg);
	require(rc == GUEST_OK, "guest job %d: %s", job, guest_text(&m->cpu, m->mem, rc));
}

static uint8_t *key_buffer(unsigned long pages)
{
	uint8_t *keys = malloc(pages);

	require(pages, "keys of no page");
	require(keys, "malloc: %s", strerror(errno));
	return keys;
}

void allow_async_faults(struct vm *vm)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_FLIC };
	struct kvm_device_attr attr = { .group = KVM_DEV_FLIC_APF_ENABLE };

	require(!ioctl(vm->fd, KVM_CREATE_DEVICE, &device), "FLIC: %s", strerror(errno));
	require(!ioctl(device.fd, KVM_SET_DEVICE_ATTR, &attr), "APF_ENABLE: %s", strerror(errno));
	close(device.fd);
}

#define PSW_EXTERNAL	(1UL << 56)
#define CR0_SERVICE	0x200UL	/* under which the guest is told of pages, too */

void start_without_waiting(struct machine *m, enum guest_job job, uint64_t from,
			   unsigned long pages, unsigned long arg)
{
	struct kvm_run *run = m->cpu.run;

	guest_start(&m->cpu, job, from, pages, arg);
	run->psw_mask |= PSW_EXTERNAL;
	run->s.regs.crs[0] |= CR0_SERVICE;
	/* Whatever the guest's PSW. The token is what is at this address, eight bytes. */
	run->s.regs.pft = GUEST_CTL;
	run->s.regs.pfs = run->s.regs.pfc = 0;
	run->kvm_dirty_regs |= KVM_SYNC_CRS | KVM_SYNC_PFAULT;
}

void set_keys(struct vm *vm, uint64_t gfn, unsigned long pages, unsigned long seed)
{
	uint8_t *keys = key_buffer(pages);
	unsigned long i;
	int rc;

	for (i = 0; i < pages; i++)
		keys[i] = guest_key(i + seed);
	rc = vm_set_keys(vm, gfn, pages, keys);
	require(!rc, "KVM_S390_SET_SKEYS: %s", strerror(-rc));
	free(keys);
}

void clear_keys(struct vm *vm, uint64_t gfn, unsigned long pages)
{
	uint8_t *keys = key_buffer(pages);
	int rc;

	memset(keys, 0, pages);
	rc = vm_set_keys(vm, gfn, pages, keys);
	require(!rc, "KVM_S390_SET_SKEYS: %s", strerror(-rc));
	free(keys);
}

void check_keys(struct vm *vm, uint64_t gfn, unsigned long pages, unsigned long seed,
		const char *when)
{
	uint8_t *keys = key_buffer(pages);
	unsigned long i, bad = 0, first = 0;
	int rc;

	rc = vm_get_keys(vm, gfn, pages, keys);
	require(!rc, "%s: KVM_S390_GET_SKEYS: %d", when, rc);
	for (i = 0; i < pages; i++)
		if ((keys[i] & KEYS) != guest_key(i + seed) && !bad++)
			first = i;
	require(!bad, "%s: %lu of %lu keys wrong, first that of page %lu: 0x%02x, not 0x%02x",
		when, bad, pages, first, keys[first], guest_key(first + seed));
	free(keys);
}

/*
 * Canaries. Process 0 is the caller. The others do one segment, or one check, per
 * byte that comes through their pipe, and answer each with a line or an empty one.
 */
#define ENTRIES		(GUEST_SEGMENT / PAGE)
#define CANARY_EVERY	32	/* pages: between them nothing is mapped */

struct canary {
	pid_t pid;
	int ask, answer;
};

struct canaries {
	int processes, segments;
	struct canary *of;
	uint8_t *mem;			/* each process's own; same address in all */
	uint64_t *entries, *now;	/* of pagemap, all of every table; likewise */
};

static volatile unsigned long *canary_word(struct canaries *c, int page)
{
	return (void *)(c->mem + page * PAGE);
}

static void canary_touch(struct canaries *c, int who, int segment)
{
	unsigned int page;

	for (page = 0; page < ENTRIES; page += CANARY_EVERY)
		*canary_word(c, segment * ENTRIES + page) =
			guest_word(segment * ENTRIES + page, who);
}

/* Entries first: reading through a damaged one may be the end of this process. */
static int canary_look(struct canaries *c, int who, char *text, size_t size)
{
	unsigned long want, saw;
	int i, pages = c->segments * ENTRIES;

	pagemap_read(c->mem, pages, c->now);
	for (i = 0; i < pages; i++)
		if (c->now[i] != c->entries[i])
			return snprintf(text, size, "neighbour %d: entry %lu of table %lu was %llx, is %llx",
					who, i % ENTRIES, i / ENTRIES, (unsigned long long)c->entries[i],
					(unsigned long long)c->now[i]);
	for (i = 0; i < pages; i += CANARY_EVERY) {
		want = guest_word(i, who);
		saw = *canary_word(c, i);
		if (saw != want)
			return snprintf(text, size, "neighbour %d: page %lu of table %lu holds %lx, not %lx",
					who, i % ENTRIES, i / ENTRIES, saw, want);
	}
	text[0] = 0;
	return 0;
}

static void canary_live(struct canaries *c, int who, int ask, int answer)
{
	int touched = 0;
	char text[160];
	char what;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(ask, &what, 1) == 1 && what != 'q') {
		text[0] = 0;
		if (what == 't')
			canary_touch(c, who, touched++);
		else if (what == 'r')
			pagemap_read(c->mem, c->segments * ENTRIES, c->entries);
		else
			canary_look(c, who, text, sizeof(text));
		if (write(answer, text, sizeof(text)) != sizeof(text))
			break;
	}
	_exit(0);
}

static const char *canary_ask(struct canaries *c, int who, char what)
{
	static char text[160];
	ssize_t n;

	if (write(c->of[who].ask, &what, 1) != 1)
		return "a neighbour does not listen any more";
	n = read(c->of[who].answer, text, sizeof(text));
	if (n != sizeof(text))
		snprintf(text, sizeof(text), "neighbour %d died", who);
	return text[0] ? text : NULL;
}

static void canary_fork(struct canaries *c, int who)
{
	int ask[2], answer[2];
	pid_t pid;

	require(!pipe2(ask, O_CLOEXEC) && !pipe2(answer, O_CLOEXEC), "pipe: %s", strerror(errno));
	pid = fork();
	require(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		close(ask[1]);
		close(answer[0]);
		canary_live(c, who, ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	c->of[who] = (struct canary){ .pid = pid, .ask = ask[1], .answer = answer[0] };
}

struct canaries *canaries_make(int processes, int segments)
{
	struct canaries *c = calloc(1, sizeof(*c));
	int who, s;

	require(c, "malloc");
	signal(SIGPIPE, SIG_IGN);
	c->processes = processes;
	c->segments = segments;
	c->of = calloc(processes, sizeof(*c->of));
	c->entries = calloc(segments * ENTRIES, sizeof(*c->entries));
	c->now = calloc(segments * ENTRIES, sizeof(*c->now));
	require(c->of && c->entries && c->now, "malloc");
	c->mem = map_segments(segments, MAP_PRIVATE);
	madvise(c->mem, segments * GUEST_SEGMENT, MADV_NOHUGEPAGE);

	for (who = 1; who < processes; who++)
		canary_fork(c, who);
	for (s = 0; s < segments; s++) {
		canary_touch(c, 0, s);
		for (who = 1; who < processes; who++)
			require(!canary_ask(c, who, 't'), "neighbour %d cannot be set up", who);
	}
	pagemap_read(c->mem, segments * ENTRIES, c->entries);
	require(c->entries[0] & ((1UL << 55) - 1), "/proc/self/pagemap shows no frames");
	for (who = 1; who < processes; who++)
		require(!canary_ask(c, who, 'r'), "neighbour %d cannot be set up", who);
	return c;
}

void canaries_fault(struct canaries *c, int segment, int page)
{
	int i = segment * ENTRIES + page;

	*canary_word(c, i) = 1;
	c->entries[i] = pagemap_of((void *)canary_word(c, i));
}

const char *canaries_check(struct canaries *c)
{
	static char text[160];
	const char *wrong;
	int who;

	for (who = 1; who < c->processes; who++) {
		wrong = canary_ask(c, who, 'l');
		if (wrong)
			return wrong;
	}
	return canary_look(c, 0, text, sizeof(text)) ? text : NULL;
}

void canaries_end(struct canaries *c)
{
	int who;

	for (who = 1; who < c->processes; who++) {
		/* a closed pipe would not do: later canaries have it open too */
		if (write(c->of[who].ask, "q", 1) == 1)
			waitpid(c->of[who].pid, NULL, 0);
		close(c->of[who].ask);
		close(c->of[who].answer);
	}
	munmap(c->mem, c->segments * GUEST_SEGMENT);
	free(c->entries);
	free(c->now);
	free(c->of);
	free(c);
}

/*
 * Swap. The header is that of mkswap: version 1 and the last page at 1024, the
 * magic at the end of the first page.
 */
#define ZRAM		"/dev/zram0"
#define ZRAM_SYS	"/sys/block/zram0/"

void swap_on(unsigned int mib)
{
	uint32_t page[PAGE / sizeof(uint32_t)] = { 0 };
	int fd, rc;

	if (access(ZRAM_SYS "disksize", F_OK))
		skip("the kernel has no zram");
	swapoff(ZRAM);		/* a test that failed may have left it on */
	write_number(ZRAM_SYS "reset", 1);
	rc = write_number(ZRAM_SYS "disksize", (long)mib << 20);
	require(!rc, ZRAM_SYS "disksize: %s", strerror(-rc));
	page[1024 / 4] = 1;
	page[1028 / 4] = ((unsigned long)mib << 20) / PAGE - 1;
	memcpy((char *)page + PAGE - 10, "SWAPSPACE2", 10);
	fd = open(ZRAM, O_WRONLY | O_CLOEXEC);
	require(fd >= 0, ZRAM ": %s", strerror(errno));
	require(write(fd, page, PAGE) == (ssize_t)PAGE && !fsync(fd), ZRAM ": %s", strerror(errno));
	close(fd);
	require(!swapon(ZRAM, 0), "swapon: %s", strerror(errno));
}

void swap_off(void)
{
	require(!swapoff(ZRAM), "swapoff: %s", strerror(errno));
	write_number(ZRAM_SYS "reset", 1);
}

/*
 * New pages wait in a batch of the CPU that brought them in, where reclaim does not see
 * them; MADV_PAGEOUT empties that of its own CPU first. So it is called on each.
 */
static void page_out_on(int cpu, void *mem, size_t size)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	require(!sched_setaffinity(0, sizeof(here), &here), "CPU %d: %s", cpu, strerror(errno));
	require(!madvise(mem, size, MADV_PAGEOUT), "MADV_PAGEOUT: %s", strerror(errno));
}

void page_out(void *mem, size_t size)
{
	int try, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t anywhere;
	size_t off, left = 0;

	sched_getaffinity(0, sizeof(anywhere), &anywhere);
	for (try = 0; try < 50; try++) {
		page_out_on(try % cpus, mem, size);
		for (off = left = 0; off < size; off += PAGE)
			left += pagemap_of((uint8_t *)mem + off) >> 63;
		if (!left)
			break;
		usleep(20000);
	}
	sched_setaffinity(0, sizeof(anywhere), &anywhere);
	require(!left, "%zu of %zu pages stay in memory", left, size / PAGE);
}
