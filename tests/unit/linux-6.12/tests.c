// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for Linux 6.12 only: flags beside a page type that is a number, tables that
 * are freed later by khugepaged, page faults under the lock of a VMA, cgroups.
 */

#include "../unit.h"
#include <standin-mm.h>
#include <asm/pgtable_replace.h>

/* --- replacement --- */

static void replaced(struct mm_struct *mm, enum pgtable_replace what)
{
	int rc = pgtable_replace_range(mm, 0, -1UL, what);

	must(!rc, "returned %d", rc);
}

/* Enabling storage keys replaces it, and forbids others. */
START_TEST(promotion_keeps_the_zero_page)
{
	u64 zero = ZERO_PFN << PAGE_SHIFT | _PAGE_PRESENT | _PAGE_READ, *table;
	struct mm_struct *mm = space_new(false);

	space_map(mm, 0, PMD_SIZE, VM_UFFD_MISSING, false, true);
	table = space_table(mm, 0);
	table[9] = zero;
	replaced(mm, PGTABLE_PROMOTE);
	table = space_table_now(mm, 0);
	must(table[9] == zero, "PTE %#llx", table[9]);
	space_exit(mm);
}
END_TEST

TCase *series_tests(void)
{
	TCase *tests = tcase_create("6.12");

	tcase_add_test(tests, promotion_keeps_the_zero_page);
	return tests;
}
