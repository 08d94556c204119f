// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the page table allocator and of the questions about a table's
 * kind: one TAP line per test. CK_RUN_CASE=threads runs only that part.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "unit.h"

struct mm_struct *mm_new(bool alloc_pgste)
{
	struct mm_struct *mm = calloc(1, sizeof(*mm));

	must(mm, "no memory");
	pthread_mutex_init(&mm->context.lock.mutex, NULL);
	mm->context.pgtable_list.next = mm->context.pgtable_list.prev = &mm->context.pgtable_list;
	mm->context.alloc_pgste = alloc_pgste;
	return mm;
}

void mm_create_vm(struct mm_struct *mm)
{
	WRITE_ONCE(pgste_in_use.enabled, true);
	mm_set_pgste_mode(mm, mm->context.alloc_pgste ? MM_PGSTE_ALL : MM_PGSTE_MIXED);
	mm->context.alloc_pgste = 1;
}

void mm_exit(struct mm_struct *mm)
{
	must(list_empty(&mm->context.pgtable_list), "%u pages on the list of an exiting mm",
	     list_length(mm));
	pthread_mutex_destroy(&mm->context.lock.mutex);
	free(mm);
}

void *table_alloc(struct mm_struct *mm)
{
	void *table = page_table_alloc(mm);

	must(table, "no page table");
	return table;
}

void table_free(struct mm_struct *mm, void *table, enum way way)
{
	struct mmu_gather tlb = { mm };

	switch (way) {
	case FREE_NOW:
		page_table_free(mm, table);
		break;
	case FREE_RCU:
		page_table_free_rcu(&tlb, table, 0);
		break;
	case FREE_DEFERRED:
		table_free_deferred(mm, table);
		break;
	}
}

void rcu_end_all(void)
{
	while (rcu_end(0))
		;
}

unsigned int list_length(struct mm_struct *mm)
{
	struct list_head *entry = mm->context.pgtable_list.next;
	unsigned int length = 0;

	for (; entry != &mm->context.pgtable_list; entry = entry->next) {
		must(++length <= POOL_PAGES, "the list has no end");
		must(entry->next->prev == entry, "the list is broken");
	}
	return length;
}

void nothing_left(void)
{
	unsigned int warned = warnings_taken();

	must(!rcu_pending(), "%u grace periods not ended", rcu_pending());
	must(!pages_in_use(), "%u pages leaked", pages_in_use());
	must(!pages_accounted(), "%u pages still accounted", pages_accounted());
	must(!kmalloced(), "%u objects leaked", kmalloced());
	must(!pgtable_pages(PGTABLE_2K), "%lu pages of 2K tables counted",
	     pgtable_pages(PGTABLE_2K));
	must(!pgtable_pages(PGTABLE_PGSTE), "%lu pages with PGSTEs counted",
	     pgtable_pages(PGTABLE_PGSTE));
	must(!warned, "%u unexpected warnings, the last: %s", warned, warning());
}

unsigned int random_below(u64 *seed, unsigned int below)
{
	/* Knuth's MMIX generator; its upper half is the random one. */
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % below;
}

unsigned int steps(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);
	unsigned long number;
	char *end;

	if (!value)
		return otherwise;
	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno || end == value || *end || !number || number > 1000000000) {
		fprintf(stderr, "error: %s=%s is not a number of steps\n", name, value);
		exit(2);
	}
	return number;
}

int main(void)
{
	TCase *tests[] = { allocator_tests(), failure_tests(), question_tests(),
			   model_tests(), thread_tests(), replace_tests(), mode_tests(), series_tests() };
	Suite *suite = suite_create("page tables of both kinds");
	SRunner *runner;
	int failed;

	for (unsigned int i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		tcase_add_checked_fixture(tests[i], nothing_left, nothing_left);
		suite_add_tcase(suite, tests[i]);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_SILENT);
	if (!srunner_ntests_run(runner))
		fprintf(stderr, "error: no test was run\n");
	failed = srunner_ntests_failed(runner) || !srunner_ntests_run(runner);
	srunner_free(runner);
	return failed;
}
