// SPDX-License-Identifier: GPL-2.0
/*
 * The boot parameter. A program of its own, with one test: the frame of the tests sets
 * vm.pgste_promote after each.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scene.h"

#define PARAMETER	" pgste_promote="

static void boot_parameter(void)
{
	int fd = open("/proc/cmdline", O_RDONLY);
	char line[4096] = " ", *word;
	long value;

	require(fd >= 0 && read(fd, line + 1, sizeof(line) - 2) > 0, "/proc/cmdline");
	close(fd);
	word = strstr(line, PARAMETER);
	require(word, "not booted with" PARAMETER);
	value = read_number(PGSTE_PROMOTE);
	require(value == atol(word + strlen(PARAMETER)), "vm.pgste_promote is %ld, booted with%.20s",
		value, word);
}

static const struct test tests[] = {
	{ "pgste_promote= at boot is vm.pgste_promote", boot_parameter, 0 },
};

TAP_MAIN(tests)
