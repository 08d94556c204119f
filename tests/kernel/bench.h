/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark asks of the kernel: to run one operation on a page table
 * entry of the calling process many times. Ioctls of debugfs pgmix-bench.
 */
#ifndef PGMIX_BENCH_H
#define PGMIX_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum bench_table {
	BENCH_TABLE_2K_LOWER,
	BENCH_TABLE_2K_UPPER,
	BENCH_TABLE_PGSTE,
};

/**
 * struct bench_run - operations on one page table entry
 * @op:     name of the operation, see ops[] in bench.c
 * @addr:   address in the calling process, not in the last 15 pages of a segment; the page must
 *          be present and writable
 * @count:  how often, at most BENCH_COUNT_MAX
 * @plant:  nonzero: one instruction more with each operation, for the test of
 *          the benchmark
 * @ticks:  out: TOD clock units (1/4096 µs) from before the first to after the last
 * @table:  out: enum bench_table, the table that @addr is mapped by
 */
struct bench_run {
	char op[32];
	__u64 addr;
	__u32 count;
	__u32 plant;
	__u64 ticks;
	__u32 table;
	__u32 pad;
};

#define BENCH_COUNT_MAX	20000

/**
 * struct bench_replace - replacement of page tables of the calling process
 * @start: first address
 * @end:   address after the last
 * @what:  enum pgtable_replace: 0 promote, 1 demote, 2 relocate
 * @ticks: out: TOD clock units
 */
struct bench_replace {
	__u64 start;
	__u64 end;
	__u64 what;
	__u64 ticks;
};

/**
 * struct bench_range - memory of the calling process
 * @start: first address
 * @len:   bytes, whole segments
 */
struct bench_range {
	__u64 start;
	__u64 len;
};

/* A run with the operation "nothing" tells the table. */
#define BENCH_RUN	_IOWR('b', 1, struct bench_run)
/* The process starts to use PGSTEs, as if it had created a VM. */
#define BENCH_GUEST	_IO('b', 2)
/* The name of operation number count, or -ENOENT. */
#define BENCH_NAME	_IOWR('b', 3, struct bench_run)
/* Not in kernels without replacement. */
#define BENCH_REPLACE	_IOWR('b', 4, struct bench_replace)
/* The process starts to use storage keys. */
#define BENCH_KEYS	_IO('b', 5)
/*
 * Arms a notifier for each page of the range, as for a guest's prefix area or a shadow table.
 * The range is linked into a gmap: one range for each open file.
 */
#define BENCH_ARM	_IOW('b', 6, struct bench_range)

#endif /* PGMIX_BENCH_H */
