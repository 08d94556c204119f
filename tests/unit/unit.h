/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests share: an mm from birth to exit, the ways a table can be
 * freed, and what must be so after every test.
 */
#ifndef UNIT_H
#define UNIT_H

#include <standin.h>
#include <asm/pgste.h>

/* The state of the halves as pgalloc.c documents it: bits 24 to 31 of _refcount. */
#define LOWER_USED	0x01
#define UPPER_USED	0x02
#define LOWER_WAITING	0x10
#define UPPER_WAITING	0x20

/* The first WAYS of them this Linux has. */
enum way { FREE_NOW, FREE_RCU, FREE_DEFERRED };

struct mm_struct *mm_new(bool alloc_pgste);
/* A VM is created in the process, with KVM_VM_S390_LATE_MMAP if it needs that. */
void mm_create_vm(struct mm_struct *mm);
/* All its tables are freed. Some grace periods may not be over. */
void mm_exit(struct mm_struct *mm);

void *table_alloc(struct mm_struct *mm);
void table_free(struct mm_struct *mm, void *table, enum way way);
void rcu_end_all(void);

static inline bool is_upper(const void *table)
{
	return (unsigned long)table & 0x800;
}

static inline void *page_of(const void *table)
{
	return (void *)((unsigned long)table & ~0xfffUL);
}

static inline unsigned int halves(const void *table)
{
	return (unsigned int)atomic_read(&virt_to_page(table)->_refcount) >> 24;
}

unsigned int list_length(struct mm_struct *mm);

/* Before and after each test: nothing is left of it. */
void nothing_left(void);

/* A number from 0 to below - 1; the same sequence for the same seed. */
unsigned int random_below(u64 *seed, unsigned int below);
/* From the environment, so that a mutant can be met with fewer. */
unsigned int steps(const char *name, unsigned int otherwise);

TCase *allocator_tests(void);
TCase *failure_tests(void);
TCase *question_tests(void);
TCase *model_tests(void);
TCase *thread_tests(void);
TCase *replace_tests(void);
TCase *mode_tests(void);
/* What only this Linux has: linux-SERIES/tests.c. */
TCase *series_tests(void);

#endif /* UNIT_H */
