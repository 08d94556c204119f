// SPDX-License-Identifier: GPL-2.0
/* Random changes of the machine under the players; and how it was before. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "scene.h"
#include "fuzz.h"

#define KSM		"/sys/kernel/mm/ksm/"
#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define CPU1		"/sys/devices/system/cpu/cpu1/online"
#define RELOCATE	"/sys/kernel/debug/pgmix/relocate"
#define ZRAM		"/dev/zram0"
#define SWAP_MIB	128
#define MIB		(1UL << 20)
#define KEEP_FREE	(64 * 1024)	/* KiB: nobody is to be killed for memory */

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

static void switch_promotion(struct worker *w)
{
	write_number(PGSTE_PROMOTE, !one_in(&w->random, 5));
}

static void relocate_tables(struct worker *w)
{
	pid_t pid = players[below(&w->random, PLAYERS)];
	char line[64];

	if (one_in(&w->random, 3))
		snprintf(line, sizeof(line), "%d 0 %lx", pid, -1UL);
	else
		snprintf(line, sizeof(line), "%d %lx %lx", pid, (unsigned long)w->mem,
			 (unsigned long)w->mem + w->size);
	write_text(RELOCATE, line);
}

static void switch_cpu(struct worker *w)
{
	write_number(CPU1, below(&w->random, 2));
}

static void compact(struct worker *w)
{
	write_number("/proc/sys/vm/compact_memory", 1);
	if (one_in(&w->random, 2))
		write_number("/proc/sys/vm/drop_caches", 1 + below(&w->random, 3));
}

static void switch_ksm(struct worker *w)
{
	write_number(KSM "run", one_in(&w->random, 8) ? 2 : below(&w->random, 2));
	write_number(KSM "sleep_millisecs", below(&w->random, 50));
	write_number(KSM "use_zero_pages", below(&w->random, 2));
}

static void switch_thp(struct worker *w)
{
	static const char *const when[] = { "always", "madvise", "never" };
	static const char *const shmem[] = { "always", "within_size", "advise", "never" };

	write_text(THP "enabled", when[below(&w->random, 3)]);
	write_text(THP "shmem_enabled", shmem[below(&w->random, 4)]);
	write_number(THP "khugepaged/scan_sleep_millisecs", below(&w->random, 200));
	write_number(THP "khugepaged/max_ptes_none", below(&w->random, 256));
}

static void switch_swap(struct worker *w)
{
	if (one_in(&w->random, 2))
		swapoff(ZRAM);
	else
		swapon(ZRAM, 0);
}

static long meminfo(const char *name)
{
	char line[128];
	long value = 0;
	size_t n = strlen(name);
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, n))
			sscanf(line + n, ": %ld", &value);
	if (f)
		fclose(f);
	return value;
}

/* For a moment there is little memory: reclaim and compaction have to work. */
static void short_of_memory(struct worker *w)
{
	long left = meminfo("MemAvailable") - KEEP_FREE;
	pid_t pid = fork();
	size_t i, size;
	uint8_t *mem;

	if (pid) {
		while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	write_number("/proc/self/oom_score_adj", 1000);
	size = left > 0 ? left * 1024 & -MIB : 0;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; mem != MAP_FAILED && i < size; i += PAGE) {
		*(volatile uint8_t *)(mem + i) = 1;
		if (i % MIB == 0 && meminfo("MemAvailable") < KEEP_FREE)
			break;
	}
	usleep(1000 * below(&w->random, 300));
	_exit(0);
}

static void switch_faults(struct worker *w)
{
	set_failures("probability", below(&w->random, 3) * below(&w->random, 10));
	set_failures("interval", 1 + below(&w->random, 100));
}

struct action machine_actions[] = {
	{ { "promote", 4 }, switch_promotion },
	{ { "relocate", 20 }, relocate_tables },
	{ { "cpu", 2 }, switch_cpu },
	{ { "compact", 3 }, compact },
	{ { "ksm", 3 }, switch_ksm },
	{ { "thp", 3 }, switch_thp },
	{ { "swap", 1 }, switch_swap },
	{ { "short", 1 }, short_of_memory },
	{ { "faults", 2 }, switch_faults },
	{ { NULL, 0 }, NULL },
};

void machine_begin(int faults)
{
	if (!access(ZRAM, F_OK))
		swap_on(SWAP_MIB);
	write_number(KSM "pages_to_scan", 2000);
	write_number(THP "khugepaged/pages_to_scan", 4096);
	if (!faults)
		return;
	need_failures();
	set_failures("task-filter", 1);
	set_failures("times", -1);
}

void machine_end(int faults)
{
	while (faults && set_failures("probability", 0))
		usleep(1000);
	write_number(CPU1, 1);
	write_number(PGSTE_PROMOTE, 1);
	write_number(KSM "run", 2);
	write_number(KSM "run", 0);
	write_text(THP "enabled", "madvise");
	write_text(THP "shmem_enabled", "never");
	swapoff(ZRAM);
	write_number("/sys/block/zram0/reset", 1);
}
