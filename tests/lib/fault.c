// SPDX-License-Identifier: GPL-2.0
/* Allocations that fail on purpose: see fault.h and fault-injection of Linux. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "tap.h"
#include "vmm.h"

static int nth_fd = -1;

int set_failures(const char *name, long value)
{
	static const char *const injectors[] = { "failslab", "fail_page_alloc" };
	char path[80];
	int i, rc;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", injectors[i], name);
		rc = write_number(path, value);
		/* min-order and the like: pages only. */
		if (rc && rc != -ENOENT)
			return rc;
	}
	return 0;
}

void need_failures(void)
{
	if (access("/proc/thread-self/fail-nth", W_OK))
		skip("the kernel injects no failures");
	/* Whatever is allocated, and without a line in the log. */
	set_failures("ignore-gfp-wait", 0);
	set_failures("verbose", 0);
	set_failures("min-order", 0);
}

void fail_nth(int n)
{
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	require(nth_fd >= 0 && dprintf(nth_fd, "%d", n) > 0, "fail-nth: %s", strerror(errno));
}

int fail_nth_end(void)
{
	char left[16] = "";

	require(pread(nth_fd, left, sizeof(left) - 1, 0) > 0, "fail-nth: %s", strerror(errno));
	require(pwrite(nth_fd, "0", 1, 0) == 1, "fail-nth: %s", strerror(errno));
	close(nth_fd);
	return !atoi(left);
}
