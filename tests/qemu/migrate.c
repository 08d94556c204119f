// SPDX-License-Identifier: GPL-2.0
/*
 * Live migration of a KVM guest between two QEMUs of this kernel, one with page tables of
 * both kinds and one with 4K tables only. The guest, the walker, knows by itself whether
 * its memory, storage keys, registers and clocks are what they must be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "qemu.h"
#include "walker.h"

#define SOCKET	"unix:/tmp/migration"
#define TCP	"tcp:127.0.0.1:4444"
#define STATE	"/tmp/state"
#define MIXED	0
#define ALL_4K	1
#define SLOW	"1048576"	/* bytes per second: it does not end while we look */
#define FAST	"1073741824"
#define DOWNTIME "60000"	/* milliseconds */
#define ROUNDS	4		/* after which a guest is called well */

static const char *mode(int in_4k)
{
	return in_4k ? "all" : "mixed";
}

static void set_parameter(struct qemu *q, const char *name, const char *value)
{
	qmp_ok(q, "{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"%s\":%s}}\n", name,
	       value);
}

/* Begin, and leave it under way with the guest at work. */
static void begin(struct qemu *from, const char *uri)
{
	set_parameter(from, "max-bandwidth", SLOW);
	qmp_ok(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"%s\"}}\n", uri);
	migration_becomes(from, "active");
	rounds_pass(from, 3);
	migration_becomes(from, "active");
}

/*
 * The guest may stop for what is left after this pass over its memory. On a busy host it
 * writes faster than it is copied: a file would grow until there is no room for it.
 */
static void finish(struct qemu *from)
{
	set_parameter(from, "downtime-limit", DOWNTIME);
	set_parameter(from, "max-bandwidth", FAST);
	migration_becomes(from, "completed");
}

/* The guest goes on where it was, there and not here. */
static void arrived(struct qemu *from, struct qemu *to)
{
	unsigned long last = rounds_done(from);

	rounds_pass(to, ROUNDS);
	require(first_round(to) == last + 1, "round 0x%lx in %s follows 0x%lx in %s",
		first_round(to), to->name, last, from->name);
	require(rounds_done(from) == last, "the guest still runs in %s", from->name);
}

static void over_socket(const char *uri, int from_4k, int to_4k)
{
	struct qemu from, to;

	qemu_start(&from, "source", NULL, from_4k, WALKER_MEMORY);
	qemu_start(&to, "destination", uri, to_4k, WALKER_MEMORY);
	rounds_pass(&from, ROUNDS);
	begin(&from, uri);
	finish(&from);
	arrived(&from, &to);
	tables_are(&from, mode(from_4k));
	tables_are(&to, mode(to_4k));
	qemu_kill(&from);
	qemu_kill(&to);
}

static void mixed_to_4k_over_a_unix_socket(void)
{
	over_socket(SOCKET, MIXED, ALL_4K);
}

static void all_4k_to_mixed_over_tcp(void)
{
	over_socket(TCP, ALL_4K, MIXED);
}

/* Saved while it runs; the source is gone before the destination is there. */
static unsigned long save(int from_4k)
{
	struct qemu from;
	unsigned long last;

	unlink(STATE);
	qemu_start(&from, "source", NULL, from_4k, WALKER_MEMORY);
	rounds_pass(&from, ROUNDS);
	begin(&from, "exec:cat >" STATE);
	finish(&from);
	last = rounds_done(&from);
	qemu_kill(&from);
	return last;
}

static void through_file(int from_4k, int to_4k)
{
	unsigned long last = save(from_4k);
	struct qemu to;

	qemu_start(&to, "destination", "exec:cat " STATE, to_4k, WALKER_MEMORY);
	rounds_pass(&to, ROUNDS);
	require(first_round(&to) == last + 1, "round 0x%lx follows 0x%lx", first_round(&to), last);
	tables_are(&to, mode(to_4k));
	qemu_kill(&to);
}

static void mixed_to_4k_through_a_file(void)
{
	through_file(MIXED, ALL_4K);
}

static void all_4k_to_mixed_through_a_file(void)
{
	through_file(ALL_4K, MIXED);
}

/* The same guest, again and again, to the other kind of process each time. */
static void there_and_back(void)
{
	static const char *const name[] = { "first", "second", "third", "fourth", "fifth" };
	struct qemu q[5];
	int i;

	qemu_start(&q[0], name[0], NULL, MIXED, WALKER_MEMORY);
	for (i = 1; i < 5; i++) {
		qemu_start(&q[i], name[i], SOCKET, i & 1, WALKER_MEMORY);
		begin(&q[i - 1], SOCKET);
		finish(&q[i - 1]);
		arrived(&q[i - 1], &q[i]);
		tables_are(&q[i], mode(i & 1));
		qemu_kill(&q[i - 1]);
	}
	qemu_kill(&q[4]);
}

/* It runs on in the source, and can still be migrated. */
static void still_well(struct qemu *from)
{
	struct qemu to;

	rounds_pass(from, ROUNDS);
	qemu_start(&to, "next", SOCKET, MIXED, WALKER_MEMORY);
	begin(from, SOCKET);
	finish(from);
	arrived(from, &to);
	qemu_kill(&to);
	qemu_kill(from);
}

static void source_survives_the_destination(void)
{
	struct qemu from, to;

	qemu_start(&from, "source", NULL, MIXED, WALKER_MEMORY);
	qemu_start(&to, "destination", SOCKET, ALL_4K, WALKER_MEMORY);
	begin(&from, SOCKET);
	qemu_kill(&to);
	migration_becomes(&from, "failed");
	still_well(&from);
}

static void source_survives_a_destination_that_does_not_fit(void)
{
	struct qemu from, to;

	qemu_start(&from, "source", NULL, MIXED, WALKER_MEMORY);
	qemu_start(&to, "destination", SOCKET, MIXED, 2 * WALKER_MEMORY);
	set_parameter(&from, "max-bandwidth", SLOW);
	qmp_ok(&from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"" SOCKET "\"}}\n");
	migration_becomes(&from, "failed");
	qemu_kill(&to);
	still_well(&from);
}

static void source_survives_a_cancel(void)
{
	struct qemu from, to;

	qemu_start(&from, "source", NULL, MIXED, WALKER_MEMORY);
	qemu_start(&to, "destination", SOCKET, MIXED, WALKER_MEMORY);
	begin(&from, SOCKET);
	qmp_ok(&from, "{\"execute\":\"migrate_cancel\"}\n");
	migration_becomes(&from, "cancelled");
	qemu_kill(&to);
	still_well(&from);
}

/* --- that the walker would notice -------------------------------------------- */

/* A guest from the changed state complains, in these words. */
static void complains(const char *words)
{
	char line[256] = "";
	struct qemu to;
	FILE *f;
	int ms;

	qemu_start(&to, "destination", "exec:cat " STATE, MIXED, WALKER_MEMORY);
	for (ms = 0; ms < 120000 && !line[0]; ms += 50) {
		usleep(50000);
		f = fopen(to.console, "r");
		while (f && fgets(line, sizeof(line), f) && strncmp(line, "BAD", 3))
			line[0] = 0;
		if (f)
			fclose(f);
	}
	require(strstr(line, words), "a changed state is not noticed, or otherwise: \"%s\"", line);
	note("noticed: %s", strtok(line, "\n"));
	qemu_kill(&to);
}

/*
 * Saved, and then a bit changed wherever the file has these bytes (under this mask) of a
 * page that is long since written and not soon due.
 */
static void change(int keys, unsigned char bit)
{
	unsigned long last = save(MIXED);
	unsigned long page = (last + WALKER_TURN / 2) % WALKER_TURN * WALKER_STEP;
	unsigned long round = walker_written(page, last);
	unsigned char want[WALKER_STEP], mask = keys ? WALKER_KEY_BITS : 0xff;
	unsigned long word = walker_word(page, round, WALKER_WORDS / 2);
	size_t i, j, size = sizeof(word), places = 0;
	unsigned char *state;
	struct stat st;
	int fd;

	memcpy(want, &word, size);
	if (keys)
		for (size = 0; size < WALKER_STEP; size++)
			want[size] = walker_key(page + size, round);

	fd = open(STATE, O_RDWR);
	require(fd >= 0 && !fstat(fd, &st), STATE ": %s", strerror(errno));
	state = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(state != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i + size <= (size_t)st.st_size; i++) {
		for (j = 0; j < size && (state[i + j] & mask) == want[j]; j++)
			;
		if (j < size)
			continue;
		state[i] ^= bit;
		places++;
	}
	require(places, "the page is not in the file");
	munmap(state, st.st_size);
	close(fd);
}

static void a_changed_bit_of_memory_is_noticed(void)
{
	change(0, 1);
	complains("BAD word");
}

static void a_changed_storage_key_is_noticed(void)
{
	change(1, 0x80);
	complains("BAD key");
}

static const struct test tests[] = {
#define TEST(name) { #name, name, NEEDS_KVM }
	TEST(mixed_to_4k_over_a_unix_socket),
	TEST(all_4k_to_mixed_over_tcp),
	TEST(mixed_to_4k_through_a_file),
	TEST(all_4k_to_mixed_through_a_file),
	TEST(there_and_back),
	TEST(source_survives_the_destination),
	TEST(source_survives_a_destination_that_does_not_fit),
	TEST(source_survives_a_cancel),
	TEST(a_changed_bit_of_memory_is_noticed),
	TEST(a_changed_storage_key_is_noticed),
};

TAP_MAIN(tests)
