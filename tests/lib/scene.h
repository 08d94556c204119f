/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What several test programs set up: machines, canaries (2K tables whose every
 * entry is remembered), a swap device. All of it ends the test if it cannot.
 */
#ifndef PGMIX_SCENE_H
#define PGMIX_SCENE_H

#include <sys/types.h>

#include "vmm.h"
#include "tap.h"

/* Linux has it from 6.1 on, the headers of Debian 12's libc have not. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

double seconds(void);

/* Wait for a condition; what comes of it if it does not in half of the test's time. */
#define until(cond, ...)							\
	do {									\
		double end_ = seconds() + tap_seconds() / 2.0;			\
										\
		while (!(cond)) {						\
			if (seconds() > end_)					\
				fail(__VA_ARGS__);				\
			usleep(1000);						\
		}								\
	} while (0)

/* Read the dirty log: the guest has written all of the first pages of the slot. */
void expect_all_dirty(struct vm *vm, unsigned int slot, int pages);

/* This process's /proc/self/arch_status. */
struct page_tables tables_now(void);
void expect_mode(const char *mode);

/* Address space of some segments, see guest_memory(). */
uint8_t *map_segments(int segments, int flags);

/* A file without a name, of memory. */
int make_file(size_t size);

/* map_segments(), but of a file: it shares its memory with others that map the file. */
uint8_t *map_file(int fd, int segments);

/* A userfaultfd, which does not block: to be told of faults in memory that has no pages. */
int tell_of_missing(void *mem, size_t size);

/* Give a page that is missing, of GUEST_PAGE bytes; who waits for it goes on. */
void fill_missing(int fd, void *page, const void *from);

/* The frames of pages, which are touched if they are not there; and how many are the same. */
void remember_frames(const void *mem, int pages, long *pfn);
int frames_unchanged(const void *mem, int pages, const long *pfn);

/* Write guest_word() into the first word of some pages of each segment; compare. */
void fill_segments(void *mem, int segments, int pages, unsigned long seed);
void check_segments(const void *mem, int segments, int pages, unsigned long seed,
		    const char *when);

/* A page holds what the guest's GUEST_FILL wrote at guest address @addr. */
void check_guest_page(const void *page, uint64_t addr, unsigned long seed, const char *when);

/* machine_create() and vm_create() that succeed. */
void make_machine(struct machine *m, unsigned long type, size_t size, int map);
void make_vm(struct vm *vm, unsigned long type);
void put_slot(struct vm *vm, unsigned int slot, uint64_t gpa, void *hva, size_t size);

/* A job of the small guest that ends well. */
void run_job(struct machine *m, enum guest_job job, uint64_t from, unsigned long pages,
	     unsigned long arg);

/*
 * A vCPU need not wait for a page that its guest meets. It does if the guest cannot be told;
 * after start_without_waiting(), a guest_start(), it can: by external interruptions, when the
 * page is late and when it is there. The guest has run a job before.
 */
void allow_async_faults(struct vm *vm);
void start_without_waiting(struct machine *m, enum guest_job job, uint64_t from,
			   unsigned long pages, unsigned long arg);

/* guest_key(i + seed) for pages from @gfn on, by ioctl. */
void set_keys(struct vm *vm, uint64_t gfn, unsigned long pages, unsigned long seed);
/* As a Linux guest leaves them: tables without keys are demoted after the last VM. */
void clear_keys(struct vm *vm, uint64_t gfn, unsigned long pages);
/* Compares access-control and fetch bits. */
void check_keys(struct vm *vm, uint64_t gfn, unsigned long pages, unsigned long seed,
		const char *when);

/*
 * Canaries: processes (and this one) that hold many 2K tables with some pages each
 * and know the contents and frame of every page. Tables are made in turn, so that
 * those of different processes lie side by side in memory.
 */
struct canaries;
struct canaries *canaries_make(int processes, int segments);
/* This process maps one more page of one of its tables, by an ordinary fault, and knows it. */
void canaries_fault(struct canaries *c, int segment, int page);
/* NULL if all is as it was, else what is wrong (static buffer). */
const char *canaries_check(struct canaries *c);
void canaries_end(struct canaries *c);

/* zram as swap, of so many MiB; the test is skipped if the kernel has none. */
void swap_on(unsigned int mib);
void swap_off(void);

/* Push the pages out of memory and see that they are gone from the page tables. */
void page_out(void *mem, size_t size);

#endif
