// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a running QEMU guest taken from under it, from outside: swapped out, moved
 * to other frames, its page tables moved. The walker knows whether it is still all there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "scene.h"
#include "qemu.h"

#define TIMES	5

/* The guest's memory: the mapping of QEMU that has its size. */
static struct iovec guest_of(struct qemu *q)
{
	unsigned long from, to;
	char path[32], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", q->pid);
	f = fopen(path, "r");
	require(f, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && to - from == (unsigned long)WALKER_MEMORY << 20) {
			fclose(f);
			return (struct iovec){ (void *)from, to - from };
		}
	}
	fail("no mapping of %d MiB in QEMU", WALKER_MEMORY);
}

/*
 * In shared memory: without ESOP a store to a private page that has come back read-only is
 * no host fault, and the guest stands still, on stock Linux too.
 */
static void is_swapped_out_while_it_runs(void)
{
	long before = vmstat("pswpout"), back = vmstat("pswpin");
	struct iovec guest;
	struct qemu q;
	int i, pidfd;

	swap_on(64);
	qemu_start_shared(&q, "swapped");
	rounds_pass(&q, 2);
	guest = guest_of(&q);
	pidfd = syscall(SYS_pidfd_open, q.pid, 0);
	require(pidfd >= 0, "pidfd_open: %s", strerror(errno));
	for (i = 0; i < TIMES; i++) {
		require(syscall(SYS_process_madvise, pidfd, &guest, 1, MADV_PAGEOUT, 0) >= 0,
			"process_madvise: %s", strerror(errno));
		rounds_pass(&q, 1);
	}
	close(pidfd);
	rounds_pass(&q, 5);
	require(vmstat("pswpout") > before && vmstat("pswpin") > back, "nothing was swapped");
	note("pages out %ld, in %ld", vmstat("pswpout") - before, vmstat("pswpin") - back);
	tables_are(&q, "mixed");
	qemu_kill(&q);
	swap_off();
}

static void is_compacted_while_it_runs(void)
{
	long before = vmstat("pgmigrate_success");
	struct qemu q;
	int i;

	qemu_start(&q, "compacted", NULL, 0, WALKER_MEMORY);
	rounds_pass(&q, 2);
	for (i = 0; i < TIMES; i++) {
		write_number("/proc/sys/vm/compact_memory", 1);
		rounds_pass(&q, 1);
	}
	require(vmstat("pgmigrate_success") > before, "no page was moved");
	note("pages of the machine moved: %ld", vmstat("pgmigrate_success") - before);
	rounds_pass(&q, 5);
	qemu_kill(&q);
}

static void has_its_page_tables_moved_while_it_runs(void)
{
	long before = read_number("/sys/kernel/mm/pgste/relocated");
	struct iovec guest;
	struct qemu q;
	FILE *f;
	int i;

	qemu_start(&q, "relocated", NULL, 0, WALKER_MEMORY);
	rounds_pass(&q, 2);
	guest = guest_of(&q);
	for (i = 0; i < TIMES; i++) {
		f = fopen("/sys/kernel/debug/pgmix/relocate", "w");
		require(f, "pgmix/relocate: %s", strerror(errno));
		fprintf(f, "%d %lx %lx", q.pid, (long)guest.iov_base, (long)guest.iov_base + guest.iov_len);
		require(!fclose(f), "pgmix/relocate: %s", strerror(errno));
		rounds_pass(&q, 1);
	}
	require(read_number("/sys/kernel/mm/pgste/relocated") >= before + TIMES, "no table was moved");
	rounds_pass(&q, 5);
	tables_are(&q, "mixed");
	qemu_kill(&q);
}

static const struct test tests[] = {
	{ "is_swapped_out_while_it_runs", is_swapped_out_while_it_runs, NEEDS_KVM },
	{ "is_compacted_while_it_runs", is_compacted_while_it_runs, NEEDS_KVM },
	{ "has_its_page_tables_moved_while_it_runs", has_its_page_tables_moved_while_it_runs, NEEDS_KVM },
};

TAP_MAIN(tests)
