// SPDX-License-Identifier: GPL-2.0
/* QEMU processes with the walker as their guest: see qemu.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm.h"
#include "tap.h"
#include "qemu.h"

#define STRING(x) STRING_(x)
#define STRING_(x) #x
#define PATIENCE_MS	120000	/* for anything QEMU or its guest shall do */

static int shared;	/* the next QEMU's guest memory */

static void execute(const struct qemu *q, int fd, const char *incoming, int memory)
{
	char mem[16], con[96], qmp[32];
	const char *argv[32] = {
		"qemu-system-s390x", "-accel", "kvm", "-m", mem, "-nodefaults", "-nographic",
		"-no-reboot", "-kernel", "/guest/walker.elf", "-chardev", con,
		"-device", "sclpconsole,chardev=con", "-chardev", qmp,
		"-mon", "chardev=qmp,mode=control", NULL
	};
	int n = 0;

	snprintf(mem, sizeof(mem), "%d", memory);
	snprintf(con, sizeof(con), "file,id=con,path=%s", q->console);
	snprintf(qmp, sizeof(qmp), "socket,id=qmp,fd=%d", fd);
	while (argv[n])
		n++;
	if (incoming) {
		argv[n++] = "-incoming";
		argv[n] = incoming;
	}
	if (shared) {
		while (argv[n])
			n++;
		argv[n++] = "-object";
		argv[n++] = "memory-backend-memfd,id=ram,share=on,size=" STRING(WALKER_MEMORY) "M";
		argv[n++] = "-machine";
		argv[n] = "memory-backend=ram";
	}
	execv("/usr/bin/qemu-system-s390x", (char **)argv);
	fail("%s: cannot be executed: %s", argv[0], strerror(errno));
}

/*
 * On stock Linux every QEMU has 4K tables: nothing of these tests is about pgmix then, but
 * they show what QEMU, the machine and stock Linux do by themselves.
 */
static int on_stock(void)
{
	return access(PGSTE_PROMOTE, F_OK);
}

static const char *read_line(struct qemu *q)
{
	struct pollfd pfd = { .fd = q->qmp, .events = POLLIN };
	static char line[8192];
	size_t n = 0;

	while (n < sizeof(line) - 1) {
		require(poll(&pfd, 1, PATIENCE_MS) == 1, "%s: QMP says nothing", q->name);
		require(read(q->qmp, line + n, 1) == 1, "%s has closed QMP", q->name);
		if (line[n++] == '\n')
			break;
	}
	line[n] = 0;
	return line;
}

static const char *vqmp(struct qemu *q, const char *fmt, va_list args)
{
	const char *line;
	char text[512];
	int n = vsnprintf(text, sizeof(text), fmt, args);

	require(send(q->qmp, text, n, MSG_NOSIGNAL) == n, "%s: QMP: %s", q->name, strerror(errno));
	do {
		line = read_line(q);
	} while (strncmp(line, "{\"return\"", 9) && strncmp(line, "{\"error\"", 8));
	return line;
}

const char *qmp(struct qemu *q, const char *fmt, ...)
{
	const char *line;
	va_list args;

	va_start(args, fmt);
	line = vqmp(q, fmt, args);
	va_end(args);
	return line;
}

const char *qmp_ok(struct qemu *q, const char *fmt, ...)
{
	const char *line;
	va_list args;

	va_start(args, fmt);
	line = vqmp(q, fmt, args);
	va_end(args);
	require(line[2] == 'r', "%s: %s: %s", q->name, fmt, line);
	return line;
}

void qemu_start(struct qemu *q, const char *name, const char *incoming, int in_4k, int memory)
{
	int fds[2];

	q->name = name;
	snprintf(q->console, sizeof(q->console), "/tmp/%s.console", name);
	unlink(q->console);
	require(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair: %s", strerror(errno));
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	write_number(ALLOCATE_PGSTE, in_4k || on_stock());
	q->pid = fork();
	require(q->pid >= 0, "fork: %s", strerror(errno));
	if (!q->pid)
		execute(q, fds[1], incoming, memory);
	close(fds[1]);
	q->qmp = fds[0];
	read_line(q);
	write_number(ALLOCATE_PGSTE, 0);
	qmp_ok(q, "{\"execute\":\"qmp_capabilities\"}\n");
}

void qemu_start_shared(struct qemu *q, const char *name)
{
	shared = 1;
	qemu_start(q, name, NULL, 0, WALKER_MEMORY);
	shared = 0;
}

void qemu_kill(struct qemu *q)
{
	kill(q->pid, SIGKILL);
	require(waitpid(q->pid, NULL, 0) == q->pid, "waitpid: %s", strerror(errno));
	close(q->qmp);
}

void migration_becomes(struct qemu *q, const char *status)
{
	char want[64];
	const char *line;
	int ms;

	snprintf(want, sizeof(want), "\"status\": \"%s\"", status);
	for (ms = 0; ms < PATIENCE_MS; ms += 20) {
		line = qmp_ok(q, "{\"execute\":\"query-migrate\"}\n");
		if (strstr(line, want))
			return;
		require(!strstr(line, "\"status\": \"completed\"") &&
			!strstr(line, "\"status\": \"failed\""), "migration of %s: %s", q->name, line);
		usleep(20000);
	}
	fail("migration of %s does not become %s: %s", q->name, status, line);
}

/* A line that is no round is a complaint; the rest of the file belongs to it. */
static void complaint(struct qemu *q, char *line, size_t size, FILE *f)
{
	size_t n = strlen(line);
	char *c;

	n += fread(line + n, 1, size - n - 1, f);
	line[n] = 0;
	while ((c = strchr(line, '\n')))
		*c = ';';
	fail("guest of %s: %s", q->name, line);
}

/* The guest's first or last whole line. */
static unsigned long round_of(struct qemu *q, int first)
{
	FILE *f = fopen(q->console, "r");
	unsigned long round = 0, n;
	char line[256];

	while (f && fgets(line, sizeof(line), f) && strchr(line, '\n')) {
		if (sscanf(line, "round %lx", &n) != 1)
			complaint(q, line, sizeof(line), f);
		if (!first || !round)
			round = n;
	}
	if (f)
		fclose(f);
	return round;
}

unsigned long rounds_done(struct qemu *q)
{
	return round_of(q, 0);
}

unsigned long first_round(struct qemu *q)
{
	return round_of(q, 1);
}

void rounds_pass(struct qemu *q, unsigned long rounds)
{
	unsigned long from = rounds_done(q);
	int ms;

	for (ms = 0; ms < PATIENCE_MS; ms += 20) {
		if (rounds_done(q) >= from + rounds && rounds_done(q) >= rounds)
			return;
		require(!waitpid(q->pid, NULL, WNOHANG), "%s has ended", q->name);
		usleep(20000);
	}
	fail("guest of %s stands still after round 0x%lx", q->name, rounds_done(q));
}

void tables_are(struct qemu *q, const char *mode)
{
	struct page_tables pt;
	int rc = page_tables(q->pid, &pt);

	if (on_stock())
		return;
	require(!rc, "arch_status of %s: %s", q->name, strerror(-rc));
	require(!strcmp(pt.mode, mode), "%s has page tables of mode %s, not %s", q->name, pt.mode, mode);
	require(!strcmp(mode, "mixed") == !!pt.n2k && pt.n4k, "%s, %s: %ld 2K and %ld 4K tables",
		q->name, mode, pt.n2k, pt.n4k);
}
