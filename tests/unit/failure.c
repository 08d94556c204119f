// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation made to fail: NULL is returned and all is as it was, down to
 * the order of the list.
 */

#include <string.h>
#include "unit.h"

/* What an allocation that fails must not change. */
struct snapshot {
	unsigned int pages, accounted, pending, listed;
	unsigned long count[2];
	struct page *list[16];
	unsigned int state[16];
};

static struct snapshot look(struct mm_struct *mm)
{
	struct snapshot now;
	struct list_head *entry = mm->context.pgtable_list.next;

	memset(&now, 0, sizeof(now));
	now.pages = pages_in_use();
	now.accounted = pages_accounted();
	now.pending = rcu_pending();
	now.count[PGTABLE_2K] = pgtable_pages(PGTABLE_2K);
	now.count[PGTABLE_PGSTE] = pgtable_pages(PGTABLE_PGSTE);
	for (; entry != &mm->context.pgtable_list; entry = entry->next) {
		must(now.listed < 16, "more than 16 pages listed");
		now.list[now.listed] = list_entry(entry, struct page, lru);
		now.state[now.listed] = atomic_read(&now.list[now.listed]->_refcount);
		now.listed++;
	}
	return now;
}

static void unchanged(struct mm_struct *mm, const struct snapshot *before, const char *what)
{
	struct snapshot now = look(mm);

	must(now.pages == before->pages, "%s: %u pages, were %u", what, now.pages, before->pages);
	must(now.accounted == before->accounted, "%s: %u accounted, were %u", what,
	     now.accounted, before->accounted);
	must(!memcmp(now.count, before->count, sizeof(now.count)), "%s: %lu and %lu counted", what,
	     now.count[0], now.count[1]);
	must(!memcmp(&now, before, sizeof(now)), "%s: list or queue changed", what);
}

static void fails_without_trace(struct mm_struct *mm, enum fault fault, const char *what)
{
	struct snapshot before = look(mm);

	fault_at(fault, 1);
	must(!page_table_alloc(mm), "%s: got a table", what);
	must(fault_happened(), "%s: nothing was tried", what);
	unchanged(mm, &before, what);
}

/* The list has [U W], which is of no use: a page is needed. */
START_TEST(a_2k_table_without_a_page_is_null_and_changes_nothing)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower = table_alloc(mm);

	table_free(mm, upper, FREE_RCU);
	fails_without_trace(mm, FAULT_PAGE, "page");
	fails_without_trace(mm, FAULT_CTOR, "page table lock");
	table_free(mm, lower, FREE_NOW);
	rcu_end_all();
	mm_exit(mm);
}
END_TEST

START_TEST(a_table_with_pgstes_without_a_page_is_null_and_changes_nothing)
{
	struct mm_struct *mm = mm_new(false);
	void *half = table_alloc(mm);

	mm_create_vm(mm);
	fails_without_trace(mm, FAULT_PAGE, "page");
	fails_without_trace(mm, FAULT_CTOR, "page table lock");
	table_free(mm, half, FREE_NOW);
	mm_exit(mm);
}
END_TEST

START_TEST(a_shadow_table_without_a_page_is_null_and_changes_nothing)
{
	struct mm_struct *mm = mm_new(true);
	struct snapshot before = look(mm);

	fault_at(FAULT_PAGE, 1);
	must(!page_table_alloc_pgste(mm), "got a shadow table");
	must(fault_happened(), "nothing was tried");
	unchanged(mm, &before, "shadow");
	mm_exit(mm);
}
END_TEST

START_TEST(a_shadow_table_needs_no_page_table_lock)
{
	struct mm_struct *mm = mm_new(true);
	struct page *shadow;

	fault_at(FAULT_CTOR, 1);
	shadow = page_table_alloc_pgste(mm);
	must(shadow, "no shadow table");
	must(!fault_happened(), "a page table lock was tried");
	page_table_free_pgste(shadow);
	mm_exit(mm);
}
END_TEST

START_TEST(a_free_half_is_handed_out_when_there_is_no_memory_left)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower;

	fault_at(FAULT_ANY, 1);
	lower = page_table_alloc(mm);
	must(lower == page_of(upper), "%p, not the free half of %p", lower, page_of(upper));
	must(!fault_happened(), "something was allocated");
	table_free(mm, upper, FREE_NOW);
	table_free(mm, lower, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/*
 * A process: 2K tables, some freed, a VM, tables with PGSTEs, a shadow, all
 * freed. Takes a failed allocation as an mmap() does: without the table.
 */
static void life(struct mm_struct *mm)
{
	void *table[10] = { NULL };
	struct page *shadow;
	struct snapshot before;
	unsigned int i, n;

	for (i = 0; i < 10; i++) {
		if (i == 6)
			mm_create_vm(mm);
		before = look(mm);
		table[i] = page_table_alloc(mm);
		if (!table[i])
			unchanged(mm, &before, i < 6 ? "2K" : "PGSTE");
		if (i == 3) {
			for (n = 1; n < 3; n++) {
				if (table[n])
					table_free(mm, table[n], n == 1 ? FREE_NOW : FREE_RCU);
				table[n] = NULL;
			}
		}
	}
	before = look(mm);
	shadow = page_table_alloc_pgste(mm);
	if (shadow)
		page_table_free_pgste(shadow);
	unchanged(mm, &before, "shadow");
	for (i = 0; i < 10; i++)
		if (table[i])
			table_free(mm, table[i], i & 1 ? FREE_NOW : FREE_RCU);
}

START_TEST(a_process_survives_the_failure_of_each_of_its_allocations)
{
	unsigned int n;
	bool failed;

	for (n = 1; ; n++) {
		struct mm_struct *mm = mm_new(false);

		fault_at(FAULT_ANY, n);
		life(mm);
		failed = fault_happened();
		mm_exit(mm);
		rcu_end_all();
		nothing_left();
		if (!failed)
			break;
		must(n < 1000, "no end of allocations");
	}
	must(n > 15, "only %u attempts were there to fail", n - 1);
}
END_TEST

TCase *failure_tests(void)
{
	TCase *tests = tcase_create("failure");

	tcase_add_test(tests, a_2k_table_without_a_page_is_null_and_changes_nothing);
	tcase_add_test(tests, a_table_with_pgstes_without_a_page_is_null_and_changes_nothing);
	tcase_add_test(tests, a_shadow_table_without_a_page_is_null_and_changes_nothing);
	tcase_add_test(tests, a_shadow_table_needs_no_page_table_lock);
	tcase_add_test(tests, a_free_half_is_handed_out_when_there_is_no_memory_left);
	tcase_add_test(tests, a_process_survives_the_failure_of_each_of_its_allocations);
	return tests;
}
