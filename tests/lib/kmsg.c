// SPDX-License-Identifier: GPL-2.0
/* The kernel's log, line by line: see kmsg.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

const char *kmsg_next(int fd)
{
	static char record[2048];
	char *text, *end;
	ssize_t n;

	/* EPIPE: we were too slow and some are gone; reading goes on behind them */
	do {
		n = read(fd, record, sizeof(record) - 1);
	} while (n < 0 && (errno == EPIPE || errno == EINTR));
	if (n <= 0)
		return NULL;
	record[n] = 0;
	end = strchr(record, '\n');
	if (end)
		*end = 0;
	text = strchr(record, ';');
	return text ? text + 1 : record;
}

const char *kmsg_find(int fd, const char *word1, const char *word2, const char *word3)
{
	const char *line;
	int i;

	for (i = 0; i < 20; i++) {
		while ((line = kmsg_next(fd)))
			if (strstr(line, word1) && strstr(line, word2) && strstr(line, word3))
				return line;
		usleep(50000);
	}
	return NULL;
}
