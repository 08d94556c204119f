// SPDX-License-Identifier: GPL-2.0
/* Random calls of memory management, on the arena of a player. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

void choose_range(struct worker *w)
{
	struct stream *s = &w->random;
	unsigned long first, left;

	if (one_in(s, 3)) {		/* whole segments */
		first = below(s, ARENA_SEGMENTS);
		w->size = (1 + below(s, one_in(s, 8) ? ARENA_SEGMENTS - first : 1)) * SEGMENT;
		w->mem = w->p->arena + first * SEGMENT;
	} else {
		first = below(s, ARENA / PAGE);
		left = ARENA / PAGE - first;
		w->size = (1 + below(s, one_in(s, 3) ? 600 : 16)) % left * PAGE + PAGE;
		w->mem = w->p->arena + first * PAGE;
	}
}

static int some_prot(struct stream *s)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_EXEC };

	return one_in(s, 4) ? prots[below(s, 3)] : PROT_READ | PROT_WRITE;
}

static void touch(struct worker *w)
{
	size_t at, step = one_in(&w->random, 3) ? SEGMENT : PAGE * (1 + below(&w->random, 8));
	int store = !one_in(&w->random, 3);

	for (at = 0; at < w->size; at += step) {
		if (store)
			*(volatile uint64_t *)(w->mem + at) = w->random.state;
		else
			(void)*(volatile uint64_t *)(w->mem + at);
	}
}

/* The same contents in many pages, for KSM and the zero page. */
static void touch_same(struct worker *w)
{
	memset(w->mem, one_in(&w->random, 2) ? 0 : 0x5a, w->size > 64 * PAGE ? 64 * PAGE : w->size);
}

static void map(struct worker *w)
{
	struct stream *s = &w->random;
	size_t off;
	int flags = MAP_FIXED | (one_in(s, 2) ? MAP_SHARED : MAP_PRIVATE), fd = -1;

	if (one_in(s, 2))
		fd = w->p->file[below(s, FILES)];
	else
		flags |= MAP_ANONYMOUS;
	if (one_in(s, 8))
		flags |= w->size < 64 * PAGE ? MAP_POPULATE : 0;
	if (one_in(s, 8))
		flags |= MAP_NORESERVE;
	/* mostly so that segments of memory and file meet: huge pages are possible */
	off = one_in(s, 4) ? below(s, FILE_SEGMENTS * SEGMENT / PAGE) * PAGE :
		(w->mem - w->p->arena) % (FILE_SEGMENTS * SEGMENT);
	mmap(w->mem, w->size, some_prot(s), flags, fd, fd < 0 ? 0 : off);
}

static void unmap(struct worker *w)
{
	munmap(w->mem, w->size);
}

static void protect(struct worker *w)
{
	mprotect(w->mem, w->size, some_prot(&w->random));
}

static void move(struct worker *w)
{
	size_t from_size = w->size;
	uint8_t *from = w->mem;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	choose_range(w);
	if (w->mem + from_size > w->p->arena + ARENA)
		return;
	if (one_in(&w->random, 4))
		mremap(from, from_size, w->size, flags, w->mem);
	else
		mremap(from, from_size, from_size,
		       flags | (one_in(&w->random, 4) ? MREMAP_DONTUNMAP : 0), w->mem);
}

static void advise(struct worker *w)
{
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK,
		MADV_MERGEABLE, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT,
		MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, 24 /* DONTNEED_LOCKED */, 999,
	};
	madvise(w->mem, w->size, advices[below(&w->random, sizeof(advices) / sizeof(advices[0]))]);
}

/* Whole segments, with most of their pages there: else nothing is collapsed. */
static void collapse(struct worker *w)
{
	uint8_t *mem = w->p->arena + below(&w->random, ARENA_SEGMENTS) * SEGMENT;

	madvise(mem, SEGMENT, MADV_COLLAPSE);
	if (one_in(&w->random, 2))
		*(volatile uint8_t *)(mem + below(&w->random, SEGMENT)) = 1;
}

/* A file's segment in two places: what is collapsed for one has to leave the other. */
static void collapse_twice(struct worker *w)
{
	struct stream *s = &w->random;
	size_t off = below(s, FILE_SEGMENTS) * SEGMENT;
	int fd = w->p->file[below(s, FILES)], i;
	uint8_t *mem[2], *at;

	for (i = 0; i < 2; i++) {
		mem[i] = w->p->arena + below(s, ARENA_SEGMENTS) * SEGMENT;
		if (mmap(mem[i], SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 off) == MAP_FAILED)
			return;
	}
	for (i = 0; i < 8; i++) {
		at = mem[below(s, 2)];
		if (one_in(s, 3))
			madvise(at, SEGMENT, MADV_COLLAPSE);
		else if (one_in(s, 3))
			madvise(at, SEGMENT, MADV_DONTNEED);
		else
			*(volatile uint8_t *)(at + below(s, SEGMENT)) = i;
	}
}

static void punch(struct worker *w)
{
	struct stream *s = &w->random;
	size_t off = below(s, FILE_SEGMENTS * SEGMENT / PAGE) * PAGE;
	size_t size = one_in(s, 3) ? SEGMENT : (1 + below(s, 32)) * PAGE;

	if (one_in(s, 3))
		off &= -SEGMENT;
	fallocate(w->p->file[below(s, FILES)],
		  one_in(s, 4) ? 0 : FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, size);
}

static void cut(struct worker *w)
{
	int fd = w->p->file[below(&w->random, FILES)];

	if (ftruncate(fd, below(&w->random, FILE_SEGMENTS * SEGMENT)))
		return;
	if (ftruncate(fd, FILE_SEGMENTS * SEGMENT))
		return;
}

static void lock(struct worker *w)
{
	if (one_in(&w->random, 2))
		munlock(w->mem, w->size);
	else
		syscall(SYS_mlock2, w->mem, w->size, (unsigned int)one_in(&w->random, 2));
}

/* A child with the arena and, maybe, guests; it does some actions and goes. */
static void fork_child(struct worker *w)
{
	unsigned long i, n = below(&w->random, 8);
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(3);
		for (i = 0; i < n; i++) {
			if (sigsetjmp(w->fault, 1))
				continue;
			choose_range(w);
			(one_in(&w->random, 2) ? touch : advise)(w);
		}
		_exit(0);
	}
	for (i = 0; pid > 0 && i < 20; i++)
		if (waitpid(pid, NULL, 0) == pid || errno != EINTR)
			break;
}

static void uffd_register(struct worker *w)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)w->mem, w->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (one_in(&w->random, 2))
		ioctl(w->p->uffd, UFFDIO_REGISTER, &reg);
	else
		ioctl(w->p->uffd, UFFDIO_UNREGISTER, &reg.range);
}

static int uffd_fill(struct player *p, uint64_t at, uint64_t size, int how)
{
	static uint8_t page[16 * PAGE];
	struct uffdio_copy copy = { .dst = at, .src = (uintptr_t)page, .len = size };
	struct uffdio_zeropage zero = { .range = { at, size } };
	struct uffdio_continue cont = { .range = { at, size } };

	if (how == 0)
		return ioctl(p->uffd, UFFDIO_COPY, &copy);
	if (how == 1)
		return ioctl(p->uffd, UFFDIO_ZEROPAGE, &zero);
	return ioctl(p->uffd, UFFDIO_CONTINUE, &cont);
}

static void uffd_some(struct worker *w)
{
	uffd_fill(w->p, (uintptr_t)w->mem, w->size > 16 * PAGE ? 16 * PAGE : w->size,
		  below(&w->random, 3));
}

void uffd_serve(struct player *p)
{
	struct uffdio_range range = { .len = PAGE };
	struct uffd_msg msg;

	while (read(p->uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		range.start = msg.arg.pagefault.address & -PAGE;
		if (uffd_fill(p, range.start, PAGE, 0) && uffd_fill(p, range.start, PAGE, 2) &&
		    uffd_fill(p, range.start, PAGE, 1)) {
			/* gone meanwhile, or nothing can be put there: no longer ours */
			ioctl(p->uffd, UFFDIO_UNREGISTER, &range);
			ioctl(p->uffd, UFFDIO_WAKE, &range);
		}
	}
}

static pid_t some_player(struct worker *w)
{
	pid_t pid = players[below(&w->random, PLAYERS)];

	return pid ? pid : getpid();
}

/* All arenas are at the same address. */
static void copy_across(struct worker *w)
{
	struct iovec remote = { w->mem, w->size > SCRATCH ? SCRATCH : w->size };
	struct iovec local = { w->scratch, remote.iov_len };

	if (one_in(&w->random, 2))
		process_vm_readv(some_player(w), &local, 1, &remote, 1, 0);
	else
		process_vm_writev(some_player(w), &local, 1, &remote, 1, 0);
}

static void advise_other(struct worker *w)
{
	static const int advices[] = { MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED };
	int fd = syscall(SYS_pidfd_open, some_player(w), 0);
	struct iovec vec = { w->mem, w->size };

	if (fd < 0)
		return;
	syscall(SYS_process_madvise, fd, &vec, 1UL, advices[below(&w->random, 3)], 0);
	close(fd);
}

/* Pages with a reference that is no entry's. */
static void pin(struct worker *w)
{
	struct iovec vec = { w->mem, w->size > SCRATCH ? SCRATCH : w->size };

	vmsplice(w->p->pipe[1], &vec, 1, SPLICE_F_NONBLOCK);
	if (one_in(&w->random, 2))
		while (read(w->p->pipe[0], w->scratch, SCRATCH) > 0)
			;
}

/* What walks the tables of others. */
static void look(struct worker *w)
{
	static const char *const files[] = {
		"maps", "smaps", "smaps_rollup", "arch_status", "pagemap", "status", "clear_refs",
	};
	unsigned int i = below(&w->random, sizeof(files) / sizeof(files[0]));
	char path[64];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/%s", some_player(w), files[i]);
	fd = open(path, (i == 6 ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return;
	if (i == 4)
		lseek(fd, (uintptr_t)w->p->arena / PAGE * 8, SEEK_SET);
	if (i == 6)
		n = dprintf(fd, "%d", 1 + (int)below(&w->random, 5));
	else
		for (n = 0; n < 8 && read(fd, w->scratch, 4096) > 0; n++)
			;
	close(fd);
}

static void sync_or_ask(struct worker *w)
{
	if (one_in(&w->random, 2))
		msync(w->mem, w->size, MS_SYNC);
	else
		mincore(w->mem, w->size, w->scratch);
}

/*
 * Memory of the player that is no guest's. A segment of it is thrown away now and then:
 * its new table must be empty.
 */
static void own_memory(struct worker *w)
{
	/* one segment for each thread */
	unsigned int nr = w->thread, page;
	volatile uint64_t *at, *mem = (void *)(w->p->own + nr * SEGMENT);

	for (page = 0; page < SEGMENT / PAGE; page += 16) {
		at = mem + page * (PAGE / 8);
		if (w->own_filled && *at != guest_word(page, nr + 1))
			fail("player %d: its own page %u of segment %u holds %lx", w->p->number, page,
			      nr, (unsigned long)*at);
	}
	if (one_in(&w->random, 4) && mmap((void *)mem, SEGMENT, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		for (page = 0; page < SEGMENT / PAGE; page++)
			if (mem[page * (PAGE / 8)])
				fail("player %d: fresh page %u of segment %u holds %lx", w->p->number,
				      page, nr, (unsigned long)mem[page * (PAGE / 8)]);
	for (page = 0; page < SEGMENT / PAGE; page += 16)
		mem[page * (PAGE / 8)] = guest_word(page, nr + 1);
	w->own_filled = 1;
}

struct action mm_actions[] = {
	{ { "touch", 30 }, touch },
	{ { "touch-same", 6 }, touch_same },
	{ { "map", 16 }, map },
	{ { "unmap", 6 }, unmap },
	{ { "protect", 10 }, protect },
	{ { "move", 8 }, move },
	{ { "advise", 30 }, advise },
	{ { "collapse", 5 }, collapse },
	{ { "collapse-twice", 5 }, collapse_twice },
	{ { "punch", 5 }, punch },
	{ { "cut", 1 }, cut },
	{ { "lock", 3 }, lock },
	{ { "fork", 3 }, fork_child },
	{ { "uffd-register", 4 }, uffd_register },
	{ { "uffd-fill", 3 }, uffd_some },
	{ { "copy-across", 5 }, copy_across },
	{ { "advise-other", 4 }, advise_other },
	{ { "pin", 3 }, pin },
	{ { "look", 4 }, look },
	{ { "sync", 2 }, sync_or_ask },
	{ { "own-memory", 6 }, own_memory },
	{ { NULL, 0 }, NULL },
};
