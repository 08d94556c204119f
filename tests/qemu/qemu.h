/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes of Debian's QEMU that run the walker: started, told by QMP what to do, and
 * watched through the lines their guests print. All of it ends the test if it cannot.
 */
#ifndef PGMIX_TEST_QEMU_H
#define PGMIX_TEST_QEMU_H

#include <sys/types.h>

struct qemu {
	const char *name;
	pid_t pid;
	int qmp;		/* connected socket */
	char console[64];	/* file of what the guest prints */
};

/**
 * qemu_start() - start QEMU, up to its QMP greeting
 * @incoming: URI to be migrated from, "defer", or NULL to start the walker anew
 * @in_4k: execute it under vm.allocate_pgste=1
 * @memory: of the guest, MiB
 */
void qemu_start(struct qemu *q, const char *name, const char *incoming, int in_4k, int memory);
#define WALKER_MEMORY	32

/* The same with guest memory in a memfd. */
void qemu_start_shared(struct qemu *q, const char *name);

/* End it and see it gone; its last words, if there are any, are shown. */
void qemu_kill(struct qemu *q);

/**
 * qmp() - one command
 *
 * Return: the line that answers, {"return": or {"error":, in a static buffer
 */
const char *qmp(struct qemu *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same, but an error ends the test. */
const char *qmp_ok(struct qemu *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The migration of a source is in this state; waits for it. */
void migration_becomes(struct qemu *q, const char *status);

/* Number of the last line the guest has printed, and the first; 0: none yet. */
unsigned long rounds_done(struct qemu *q);
unsigned long first_round(struct qemu *q);

/* Wait until the guest has done so many rounds more. */
void rounds_pass(struct qemu *q, unsigned long rounds);

/* The PgsteMode of the process is this; and in a mixed one there are both kinds of table. */
void tables_are(struct qemu *q, const char *mode);

#endif
