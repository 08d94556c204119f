/* SPDX-License-Identifier: GPL-2.0 */
/*
 * debugfs pgmix-frames, for tests/replace/frames.c; kernel and user space.
 */
#ifndef PGMIX_FRAMES_H
#define PGMIX_FRAMES_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * What can be mapped, each of FRAMES_PAGES pages: frames by number (VM_PFNMAP) at
 * offset 0, reserved pages behind them, and the zero page again and again (VM_PFNMAP,
 * to be mapped for reading only) at FRAMES_ZERO. Reading the file at a page's number
 * gives the storage key of its frame, a byte each.
 */
#define FRAMES_PAGES	256
#define FRAMES_ZERO	(2 * FRAMES_PAGES)
#define FRAMES_PATH	"/sys/kernel/debug/pgmix-frames"

/* Move the pages of a range of this process's memory to other frames. */
struct frames_migrate {
	__u64 start;
	__u64 len;
	__u64 moved;		/* out: so many were */
	__u64 refused;		/* out: so many could not be, now */
};
#define FRAMES_MIGRATE	_IOWR('p', 1, struct frames_migrate)

#endif
