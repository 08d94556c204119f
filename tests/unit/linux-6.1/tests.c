// SPDX-License-Identifier: GPL-2.0
/* What holds for Linux 6.1 only: no zero page where a guest can be. */

#include "../unit.h"
#include <standin-mm.h>
#include <asm/pgtable_replace.h>

START_TEST(the_zero_page_is_dropped_but_not_where_a_driver_maps_it)
{
	u64 zero = ZERO_PFN << PAGE_SHIFT | _PAGE_PRESENT | _PAGE_READ;

	for (int driver = 0; driver < 2; driver++) {
		struct mm_struct *mm = space_new(false);
		u64 *table;

		space_map(mm, 0, PMD_SIZE, driver ? VM_PFNMAP : 0, false, true);
		table = space_table(mm, 0);
		table[9] = zero;
		must(!pgtable_replace_range(mm, 0, -1UL, PGTABLE_PROMOTE), "not promoted");
		table = space_table_now(mm, 0);
		must(table[9] == (driver ? zero : _PAGE_INVALID), "PTE %#llx", table[9]);
		space_exit(mm);
	}
}
END_TEST

/* Its monitor has provided that page: it must not be told again that it is missing. */
START_TEST(under_userfaultfd_the_zero_page_is_replaced_by_one_of_its_own)
{
	u64 zero = ZERO_PFN << PAGE_SHIFT | _PAGE_PRESENT | _PAGE_READ, *table;
	struct mm_struct *mm = space_new(false);

	space_map(mm, 0, PMD_SIZE, VM_UFFD_MISSING, false, true);
	table = space_table(mm, 0);
	table[9] = zero;
	must(!pgtable_replace_range(mm, 0, -1UL, PGTABLE_PROMOTE), "not promoted");
	table = space_table_now(mm, 0);
	must(table[9] & _PAGE_PRESENT && table[9] != zero, "PTE %#llx", table[9]);
	space_exit(mm);
}
END_TEST

TCase *series_tests(void)
{
	TCase *tests = tcase_create("6.1");

	tcase_add_test(tests, the_zero_page_is_dropped_but_not_where_a_driver_maps_it);
	tcase_add_test(tests, under_userfaultfd_the_zero_page_is_replaced_by_one_of_its_own);
	return tests;
}
