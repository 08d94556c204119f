// SPDX-License-Identifier: GPL-2.0
/* When a process starts and stops to have guests: gmap/mode.c, over the real replacement. */

#include "unit.h"
#include <standin-mm.h>
#include <asm/gmap_admission.h>
#include <asm/pgtable_replace.h>

#define TABLES		(PGTABLE_REPLACE_BATCH + 8)

static struct mm_struct *process(bool all_pgste)
{
	struct mm_struct *mm = space_new(all_pgste);

	gmap_promotes = 1;
	standin_link_refusal = GMAP_REFUSED;
	space_map(mm, 0, SEGMENTS * PMD_SIZE, 0, false, true);
	for (unsigned int i = 0; i < TABLES; i++)
		space_table(mm, i);
	return mm;
}

static void process_exits(struct mm_struct *mm)
{
	work_run();
	space_exit(mm);
	pgste_in_use.enabled = false;
}

static unsigned int tables_of(struct mm_struct *mm, enum pgtable_kind kind)
{
	unsigned int i, count = 0;

	for (i = 0; i < SEGMENTS; i++)
		if (space_table_now(mm, i))
			count += pgtable_page_kind(virt_to_page(space_table_now(mm, i))) == kind;
	return count;
}

static void mode_is(struct mm_struct *mm, enum mm_pgste_mode mode)
{
	must(mm_pgste_mode(mm) == mode, "mode %d, not %d", mm_pgste_mode(mm), mode);
}

START_TEST(the_first_vm_makes_a_process_mixed_or_leaves_it_all_pgste)
{
	for (int all = 0; all < 2; all++) {
		struct mm_struct *mm = process(all);

		mode_is(mm, MM_PGSTE_NONE);
		gmap_start_mm(mm);
		mode_is(mm, all ? MM_PGSTE_ALL : MM_PGSTE_MIXED);
		must(pgste_in_use.enabled, "nobody asks for PGSTEs yet");
		must(tables_of(mm, PGTABLE_2K) == (all ? 0 : TABLES), "tables were replaced");
		space_table(mm, TABLES);
		must(tables_of(mm, PGTABLE_PGSTE) == (all ? TABLES + 1 : 1), "a new table is 2K");
		gmap_stop_mm(mm);
		process_exits(mm);
	}
}
END_TEST

START_TEST(creating_a_vm_does_not_depend_on_the_number_of_tables)
{
	struct mm_struct *mm = process(false);

	gmap_start_mm(mm);
	must(standin_write_locks == 1 && !standin_longest, "%u times the mmap lock, %u tables",
	     standin_write_locks, standin_longest);
	gmap_stop_mm(mm);
	process_exits(mm);
}
END_TEST

START_TEST(after_the_last_vm_all_tables_are_2k_and_the_mode_is_none)
{
	struct mm_struct *mm = process(false);

	gmap_start_mm(mm);
	gmap_start_mm(mm);
	must(!gmap_promote(mm, 0, SEGMENTS * PMD_SIZE), "not promoted");
	must(tables_of(mm, PGTABLE_2K) == 0, "%u tables not promoted", tables_of(mm, PGTABLE_2K));
	gmap_stop_mm(mm);
	must(!work_run(), "demotion while there is a VM");
	gmap_stop_mm(mm);
	must(work_run() == 1, "no demotion");
	must(tables_of(mm, PGTABLE_PGSTE) == 0, "%u tables not demoted",
	     tables_of(mm, PGTABLE_PGSTE));
	mode_is(mm, MM_PGSTE_NONE);
	must(!mm->context.alloc_pgste, "new tables would have PGSTEs");
	process_exits(mm);
}
END_TEST

START_TEST(a_process_whose_tables_all_have_pgstes_keeps_them)
{
	struct mm_struct *mm = process(true);

	gmap_start_mm(mm);
	gmap_stop_mm(mm);
	must(!work_run(), "demotion");
	mode_is(mm, MM_PGSTE_ALL);
	must(tables_of(mm, PGTABLE_PGSTE) == TABLES && mm->context.alloc_pgste, "tables replaced");
	process_exits(mm);
}
END_TEST

START_TEST(a_vm_created_before_demotion_begins_keeps_its_tables)
{
	struct mm_struct *mm = process(false);

	gmap_start_mm(mm);
	gmap_promote(mm, 0, SEGMENTS * PMD_SIZE);
	gmap_stop_mm(mm);
	gmap_start_mm(mm);
	work_run();
	mode_is(mm, MM_PGSTE_MIXED);
	must(tables_of(mm, PGTABLE_PGSTE) == TABLES, "tables demoted under a VM");
	gmap_stop_mm(mm);
	process_exits(mm);
}
END_TEST

static unsigned int unlocks, when;
static bool goes_again;

/* Between two batches of demotion a VM comes, makes a table, and perhaps goes. */
static void vm_in_between(struct mm_struct *mm)
{
	if (++unlocks != when)
		return;
	standin_unlocked = NULL;
	gmap_start_mm(mm);
	space_table(mm, TABLES);
	space_table(mm, 200);
	if (goes_again)
		gmap_stop_mm(mm);
}

START_TEST(a_vm_created_during_demotion_keeps_the_mode)
{
	for (when = 1; when < 6; when++) {
		struct mm_struct *mm = process(false);

		gmap_start_mm(mm);
		gmap_promote(mm, 0, SEGMENTS * PMD_SIZE);
		gmap_stop_mm(mm);
		unlocks = 0, goes_again = false;
		standin_unlocked = vm_in_between;
		work_run();
		if (!standin_unlocked) {
			mode_is(mm, MM_PGSTE_MIXED);
			must(mm->context.alloc_pgste, "its tables would be 2K");
			gmap_stop_mm(mm);
		}
		standin_unlocked = NULL;
		work_run();
		mode_is(mm, MM_PGSTE_NONE);
		must(!tables_of(mm, PGTABLE_PGSTE), "tables left");
		process_exits(mm);
	}
}
END_TEST

/* No table with PGSTEs may be left of it in mode none: what it says would be old. */
START_TEST(a_vm_that_comes_and_goes_during_demotion_leaves_no_table_behind)
{
	for (when = 1; when < 6; when++) {
		struct mm_struct *mm = process(false);

		gmap_start_mm(mm);
		gmap_promote(mm, 0, SEGMENTS * PMD_SIZE);
		gmap_stop_mm(mm);
		unlocks = 0, goes_again = true;
		standin_unlocked = vm_in_between;
		work_run();
		standin_unlocked = NULL;
		mode_is(mm, MM_PGSTE_NONE);
		must(!tables_of(mm, PGTABLE_PGSTE), "VM at unlock %u: %u tables left in mode none", when,
		     tables_of(mm, PGTABLE_PGSTE));
		process_exits(mm);
	}
}
END_TEST

START_TEST(a_process_that_has_exited_is_not_demoted)
{
	struct mm_struct *mm = process(false);

	gmap_start_mm(mm);
	gmap_promote(mm, 0, SEGMENTS * PMD_SIZE);
	gmap_stop_mm(mm);
	mm->mm_users.counter = 0;
	work_run();
	must(tables_of(mm, PGTABLE_PGSTE) == TABLES, "tables of an exited process demoted");
	mm->mm_users.counter = 1;
	process_exits(mm);
}
END_TEST

static void exits(struct mm_struct *mm)
{
	mm->mm_users.counter = 1;	/* that of demotion */
}

START_TEST(demotion_does_not_hold_a_process_that_exits)
{
	struct mm_struct *mm = process(false);

	gmap_start_mm(mm);
	gmap_promote(mm, 0, SEGMENTS * PMD_SIZE);
	gmap_stop_mm(mm);
	standin_unlocked = exits;
	work_run();
	standin_unlocked = NULL;
	must(tables_of(mm, PGTABLE_PGSTE), "all tables were demoted for nobody");
	must(!mm->mm_users.counter, "%d users", mm->mm_users.counter);
	mm->mm_users.counter = 1;
	process_exits(mm);
}
END_TEST

START_TEST(without_memory_for_demotion_all_stays_as_it_is)
{
	struct mm_struct *mm = process(false);
	unsigned int n;
	bool failed;

	gmap_start_mm(mm);
	gmap_promote(mm, 0, SEGMENTS * PMD_SIZE);
	for (n = 1; ; n++) {
		fault_at(FAULT_ANY, n);
		gmap_stop_mm(mm);
		work_run();
		failed = fault_happened();
		if (!failed)
			break;
		mode_is(mm, MM_PGSTE_MIXED);
		must(!work_run(), "work left");
		gmap_start_mm(mm);
		gmap_promote(mm, 0, SEGMENTS * PMD_SIZE);
	}
	must(n > TABLES / 2, "only %u attempts were there to fail", n - 1);
	mode_is(mm, MM_PGSTE_NONE);
	process_exits(mm);
}
END_TEST

START_TEST(without_promotion_2k_tables_are_refused_and_nothing_is_demoted)
{
	struct mm_struct *mm = process(false);
	struct gmap gmap = { mm };

	gmap_start_mm(mm);
	gmap_promotes = 0;
	must(!gmap_promote(mm, 0, PMD_SIZE) && !standin_refusals, "to try early is refused");
	must(gmap_resolve_refusal(&gmap, 0) == GMAP_REFUSED, "not refused");
	must(standin_refusals == 1, "%u refusals reported", standin_refusals);
	must(tables_of(mm, PGTABLE_2K) == TABLES, "promoted nevertheless");
	gmap_stop_mm(mm);
	must(!work_run(), "demotion");
	process_exits(mm);
}
END_TEST

START_TEST(a_refusal_is_resolved_by_promoting_that_segment_alone)
{
	struct mm_struct *mm = process(false);
	struct gmap gmap = { mm };

	gmap_start_mm(mm);
	must(!gmap_resolve_refusal(&gmap, 5 * PMD_SIZE + 0x3000), "not resolved");
	must(tables_of(mm, PGTABLE_PGSTE) == 1, "%u tables promoted", tables_of(mm, PGTABLE_PGSTE));
	must(pgtable_page_kind(virt_to_page(space_table_now(mm, 5))) == PGTABLE_PGSTE, "another one");
	must(!gmap_resolve_refusal(&gmap, (SEGMENTS + 1) * PMD_SIZE), "nothing there is no error");
	fault_at(FAULT_PAGE, 1);
	must(gmap_resolve_refusal(&gmap, 6 * PMD_SIZE) == -ENOMEM, "no memory is no error");
	must(fault_happened(), "it did not come to that");
	gmap_stop_mm(mm);
	process_exits(mm);
}
END_TEST

START_TEST(linking_promotes_and_comes_back_with_the_mmap_lock)
{
	struct mm_struct *mm = process(false);
	struct gmap gmap = { mm };
	int rc, tries = 0;

	gmap_start_mm(mm);
	mmap_read_lock(mm);
	do
		rc = gmap_link_or_promote(&gmap, 0, 0);
	while (!rc && !standin_links && ++tries < 10);
	must(!rc && standin_links == 1, "rc %d, %u links", rc, standin_links);
	must(mm->read_locked, "the mmap lock is gone");
	mmap_read_unlock(mm);
	gmap_stop_mm(mm);
	process_exits(mm);
}
END_TEST

START_TEST(a_usage_state_but_that_of_a_fresh_page_needs_a_pgste)
{
	struct mm_struct *mm = process(false);

	gmap_start_mm(mm);
	mmap_read_lock(mm);
	must(!gmap_set_usage(mm, 0, 0, 0xff00, 0), "state 0 is an error");
	must(!tables_of(mm, PGTABLE_PGSTE), "promoted for nothing");
	must(!gmap_set_usage(mm, PMD_SIZE, PMD_SIZE + 0x5000, 0xff00, 0x100), "not set");
	must(space_table_now(mm, 1)[PTRS_PER_PTE + 5] == 0x100, "not stored");
	must(tables_of(mm, PGTABLE_PGSTE) == 1, "%u tables promoted", tables_of(mm, PGTABLE_PGSTE));
	mmap_read_unlock(mm);
	gmap_stop_mm(mm);
	process_exits(mm);
}
END_TEST

TCase *mode_tests(void)
{
	TCase *tests = tcase_create("mode");

	tcase_add_test(tests, the_first_vm_makes_a_process_mixed_or_leaves_it_all_pgste);
	tcase_add_test(tests, creating_a_vm_does_not_depend_on_the_number_of_tables);
	tcase_add_test(tests, after_the_last_vm_all_tables_are_2k_and_the_mode_is_none);
	tcase_add_test(tests, a_process_whose_tables_all_have_pgstes_keeps_them);
	tcase_add_test(tests, a_vm_created_before_demotion_begins_keeps_its_tables);
	tcase_add_test(tests, a_vm_created_during_demotion_keeps_the_mode);
	tcase_add_test(tests, a_vm_that_comes_and_goes_during_demotion_leaves_no_table_behind);
	tcase_add_test(tests, a_process_that_has_exited_is_not_demoted);
	tcase_add_test(tests, demotion_does_not_hold_a_process_that_exits);
	tcase_add_test(tests, without_memory_for_demotion_all_stays_as_it_is);
	tcase_add_test(tests, without_promotion_2k_tables_are_refused_and_nothing_is_demoted);
	tcase_add_test(tests, a_refusal_is_resolved_by_promoting_that_segment_alone);
	tcase_add_test(tests, a_usage_state_but_that_of_a_fresh_page_needs_a_pgste);
	tcase_add_test(tests, linking_promotes_and_comes_back_with_the_mmap_lock);
	return tests;
}
