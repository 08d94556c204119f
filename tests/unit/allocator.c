// SPDX-License-Identifier: GPL-2.0
/*
 * The allocator, one rule per test. A page of 2 KiB tables is drawn as
 * [lower upper]: U in use, W waiting for its grace period, - neither.
 */

#include <string.h>
#include "unit.h"
#include <standin-mm.h>
#include "linux.h"

static void all_entries_are(const void *table, u64 value, const char *what)
{
	const u64 *entry = table;
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		must(entry[i] == value, "%s %u is %016llx, not %016llx", what, i, entry[i], value);
}

static void state_is(const void *table, unsigned int want)
{
	must(halves(table) == want, "halves %#x, not %#x", halves(table), want);
}

/* --- allocation --- */

/* nothing -> [- U] */
START_TEST(the_first_2k_table_is_the_upper_half_of_a_new_page)
{
	struct mm_struct *mm = mm_new(false);
	void *table = table_alloc(mm);

	must(is_upper(table), "%p is a lower half", table);
	state_is(table, UPPER_USED);
	must(pages_in_use() == 1, "%u pages", pages_in_use());
	must(list_length(mm) == 1, "%u pages listed", list_length(mm));
	table_free(mm, table, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* [- U] -> [U U] */
START_TEST(the_second_2k_table_is_the_lower_half_of_the_same_page)
{
	struct mm_struct *mm = mm_new(false);
	void *first = table_alloc(mm), *second = table_alloc(mm);

	must(second == page_of(first), "%p, not the lower half beside %p", second, first);
	state_is(first, UPPER_USED | LOWER_USED);
	must(pages_in_use() == 1, "%u pages", pages_in_use());
	must(list_empty(&mm->context.pgtable_list), "a full page is listed");
	table_free(mm, first, FREE_NOW);
	table_free(mm, second, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* [U U] -> [U U] [- U] */
START_TEST(the_third_2k_table_takes_a_page_of_its_own)
{
	struct mm_struct *mm = mm_new(false);
	void *first = table_alloc(mm), *second = table_alloc(mm), *third = table_alloc(mm);

	must(page_of(third) != page_of(first), "third table in a full page");
	must(is_upper(third), "%p is a lower half", third);
	table_free(mm, first, FREE_NOW);
	table_free(mm, second, FREE_NOW);
	table_free(mm, third, FREE_NOW);
	mm_exit(mm);
}
END_TEST

START_TEST(a_table_with_pgstes_is_a_whole_tagged_page)
{
	struct mm_struct *mm = mm_new(true);
	void *first = table_alloc(mm), *second = table_alloc(mm);

	must(first == page_of(first), "%p does not start a page", first);
	must(page_of(first) != page_of(second), "two tables with PGSTEs in one page");
	must(PagePgste(virt_to_page(first)), "no tag");
	must(pgtable_page_kind(virt_to_page(first)) == PGTABLE_PGSTE, "wrong kind");
	state_is(first, 0);
	must(list_empty(&mm->context.pgtable_list), "a page with PGSTEs is listed");
	table_free(mm, first, FREE_NOW);
	table_free(mm, second, FREE_NOW);
	mm_exit(mm);
}
END_TEST

START_TEST(a_page_of_2k_tables_has_no_tag)
{
	struct mm_struct *mm = mm_new(false);
	void *table = table_alloc(mm);

	must(!PagePgste(virt_to_page(table)), "tagged");
	must(pgtable_page_kind(virt_to_page(table)) == PGTABLE_2K, "wrong kind");
	table_free(mm, table, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* The pool hands out pages full of garbage. */
START_TEST(both_halves_of_a_new_page_are_256_invalid_entries)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower = table_alloc(mm);

	all_entries_are(upper, _PAGE_INVALID, "upper entry");
	all_entries_are(lower, _PAGE_INVALID, "lower entry");
	table_free(mm, upper, FREE_NOW);
	table_free(mm, lower, FREE_NOW);
	mm_exit(mm);
}
END_TEST

START_TEST(a_new_table_with_pgstes_has_invalid_entries_and_pgstes_of_zero)
{
	struct mm_struct *mm = mm_new(true);
	char *table = table_alloc(mm);
	char *shadow = page_to_virt(page_table_alloc_pgste(mm));

	all_entries_are(table, _PAGE_INVALID, "entry");
	all_entries_are(table + 2048, 0, "PGSTE");
	all_entries_are(shadow, _PAGE_INVALID, "shadow entry");
	all_entries_are(shadow + 2048, 0, "shadow PGSTE");
	page_table_free_pgste(virt_to_page(shadow));
	table_free(mm, table, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* Those of 2K tables and of shadow tables never are. */
START_TEST(pgstes_are_idle_if_there_is_no_vm_when_the_table_is_made)
{
	struct mm_struct *mm = mm_new(true), *mixed = mm_new(false);
	void *before = table_alloc(mm), *after, *plain = table_alloc(mixed), *late;
	struct page *shadow = page_table_alloc_pgste(mm);

	mm_create_vm(mm);
	mm_create_vm(mixed);
	after = table_alloc(mm);
	late = table_alloc(mixed);
	must(PagePgsteIdle(virt_to_page(before)), "of a table from before the VM");
	must(!PagePgsteIdle(virt_to_page(after)), "of a table made since");
	must(!PagePgsteIdle(virt_to_page(plain)), "of a 2K table");
	must(!PagePgsteIdle(virt_to_page(late)), "of a table of a mixed process");
	must(!PagePgsteIdle(shadow), "of a shadow table");
	page_table_free_pgste(shadow);
	table_free(mm, before, FREE_NOW);
	table_free(mm, after, FREE_NOW);
	table_free(mixed, plain, FREE_NOW);
	table_free(mixed, late, FREE_NOW);
	mm_exit(mm);
	mm_exit(mixed);
}
END_TEST

/* A page that the machine holds for "not DAT" must not be walked by hardware. */
START_TEST(every_page_is_made_ready_for_dat)
{
	struct mm_struct *plain = mm_new(false), *pgste = mm_new(true);
	void *a = table_alloc(plain), *b = table_alloc(pgste);
	struct page *shadow = page_table_alloc_pgste(pgste);

	must(virt_to_page(a)->dat, "2K");
	must(virt_to_page(b)->dat, "PGSTE");
	must(shadow->dat, "shadow");
	table_free(plain, a, FREE_NOW);
	table_free(pgste, b, FREE_NOW);
	page_table_free_pgste(shadow);
	mm_exit(plain);
	mm_exit(pgste);
}
END_TEST

START_TEST(two_mms_do_not_share_a_page)
{
	struct mm_struct *one = mm_new(false), *other = mm_new(false);
	void *a = table_alloc(one), *b = table_alloc(other);

	must(page_of(a) != page_of(b), "%p and %p", a, b);
	table_free(one, a, FREE_NOW);
	table_free(other, b, FREE_NOW);
	mm_exit(one);
	mm_exit(other);
}
END_TEST

/* --- freeing --- */

/* [U U] -> [- U] or [U -] -> nothing, each half first, each way */
START_TEST(freeing_the_last_half_releases_the_page_and_no_earlier)
{
	unsigned int first, a, b;

	for (first = 0; first < 2; first++)
		for (a = 0; a < WAYS; a++)
			for (b = 0; b < WAYS; b++) {
				struct mm_struct *mm = mm_new(false);
				void *table[2];

				table[0] = table_alloc(mm);
				table[1] = table_alloc(mm);
				table_free(mm, table[first], a);
				rcu_end_all();
				must(pages_in_use() == 1, "half %u first: %u pages", first,
				     pages_in_use());
				state_is(table[!first], first ? UPPER_USED : LOWER_USED);
				must(list_length(mm) == 1, "%u pages listed", list_length(mm));
				table_free(mm, table[!first], b);
				must(list_empty(&mm->context.pgtable_list), "empty page listed");
				rcu_end_all();
				must(!pages_in_use(), "half %u first: %u pages", first,
				     pages_in_use());
				mm_exit(mm);
			}
}
END_TEST

/* [W W] -> [- W] or [W -] -> nothing, whichever grace period ends first */
START_TEST(of_two_waiting_halves_the_one_that_ends_last_releases_the_page)
{
	unsigned int first;

	for (first = 0; first < 2; first++) {
		struct mm_struct *mm = mm_new(false);
		void *upper = table_alloc(mm), *lower = table_alloc(mm);

		table_free(mm, upper, FREE_RCU);
		table_free(mm, lower, FREE_RCU);
		state_is(upper, UPPER_WAITING | LOWER_WAITING);
		must(rcu_end(first), "nothing pending");
		must(pages_in_use() == 1, "%u pages", pages_in_use());
		state_is(upper, first ? UPPER_WAITING : LOWER_WAITING);
		must(rcu_end(0), "nothing pending");
		must(!pages_in_use(), "%u pages", pages_in_use());
		mm_exit(mm);
	}
}
END_TEST

/* [- W] -> nothing */
START_TEST(a_page_is_not_released_before_its_grace_period_ends)
{
	struct mm_struct *mm = mm_new(false);
	void *table = table_alloc(mm);

	table_free(mm, table, FREE_RCU);
	state_is(table, UPPER_WAITING);
	must(pages_in_use() == 1, "%u pages", pages_in_use());
	must(list_empty(&mm->context.pgtable_list), "a page without table in use is listed");
	rcu_end_all();
	must(!pages_in_use(), "%u pages", pages_in_use());
	mm_exit(mm);
}
END_TEST

/* [U W] + [- U] -> [U U]: the waiting upper half is reused after its grace period only */
START_TEST(a_half_that_waits_for_its_grace_period_is_not_reused)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower = table_alloc(mm), *other, *again;

	table_free(mm, upper, FREE_RCU);
	state_is(upper, LOWER_USED | UPPER_WAITING);
	other = table_alloc(mm);
	must(page_of(other) != page_of(upper), "reused before its grace period");
	state_is(upper, LOWER_USED | UPPER_WAITING);
	rcu_end_all();
	table_free(mm, other, FREE_NOW);
	again = table_alloc(mm);
	must(again == upper, "%p is not reused: got %p", upper, again);
	state_is(upper, LOWER_USED | UPPER_USED);
	table_free(mm, lower, FREE_NOW);
	table_free(mm, again, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* The same for a lower half: [W U] */
START_TEST(a_waiting_lower_half_is_not_reused_either)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower = table_alloc(mm), *other, *again;

	table_free(mm, lower, FREE_RCU);
	other = table_alloc(mm);
	must(page_of(other) != page_of(upper), "reused before its grace period");
	rcu_end_all();
	table_free(mm, other, FREE_NOW);
	again = table_alloc(mm);
	must(again == lower, "%p is not reused: got %p", lower, again);
	table_free(mm, upper, FREE_NOW);
	table_free(mm, again, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* list: [U -], then behind it [U W]: the next table takes the free half */
START_TEST(a_waiting_half_does_not_keep_a_free_one_from_being_reused)
{
	struct mm_struct *mm = mm_new(false);
	void *table[4], *next;
	unsigned int i;

	for (i = 0; i < 4; i++)
		table[i] = table_alloc(mm);
	table_free(mm, table[0], FREE_NOW);
	table_free(mm, table[2], FREE_RCU);
	next = table_alloc(mm);
	must(next == table[0], "%p, not the free half %p", next, table[0]);
	table_free(mm, next, FREE_NOW);
	rcu_end_all();
	table_free(mm, table[1], FREE_NOW);
	table_free(mm, table[3], FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* list: [U W] alone; then one freed at once goes before it */
START_TEST(a_half_freed_at_once_is_the_next_to_be_reused)
{
	struct mm_struct *mm = mm_new(false);
	void *table[4], *next;
	unsigned int i;

	for (i = 0; i < 4; i++)
		table[i] = table_alloc(mm);
	table_free(mm, table[0], FREE_RCU);
	table_free(mm, table[3], FREE_NOW);
	next = table_alloc(mm);
	must(next == table[3], "%p, not the free half %p", next, table[3]);
	table_free(mm, next, FREE_NOW);
	rcu_end_all();
	table_free(mm, table[1], FREE_NOW);
	table_free(mm, table[2], FREE_NOW);
	mm_exit(mm);
}
END_TEST

START_TEST(a_table_with_pgstes_goes_back_at_once_or_after_its_grace_period)
{
	struct mm_struct *mm = mm_new(true);
	void *now = table_alloc(mm), *later = table_alloc(mm);

	table_free(mm, now, FREE_NOW);
	must(pages_in_use() == 1, "%u pages", pages_in_use());
	table_free(mm, later, FREE_RCU);
	must(pages_in_use() == 1, "%u pages before the grace period", pages_in_use());
	must(PagePgste(virt_to_page(later)), "lost its tag while it waits");
	rcu_end_all();
	must(!pages_in_use(), "%u pages", pages_in_use());
	mm_exit(mm);
}
END_TEST

START_TEST(the_page_type_is_clear_when_a_page_goes_back)
{
	struct mm_struct *mm = mm_new(false);
	struct page *page[4];
	unsigned int i;

	page[0] = virt_to_page(table_alloc(mm));
	mm_create_vm(mm);
	page[1] = virt_to_page(table_alloc(mm));
	page[2] = virt_to_page(table_alloc(mm));
	page[3] = page_table_alloc_pgste(mm);
	table_free(mm, (char *)page_to_virt(page[0]) + 2048, FREE_NOW);
	table_free(mm, page_to_virt(page[1]), FREE_NOW);
	table_free(mm, page_to_virt(page[2]), FREE_RCU);
	page_table_free_pgste(page[3]);
	rcu_end_all();
	for (i = 0; i < 4; i++)
		must(page[i]->page_type == ~0U, "page %u: type %#x", i, page[i]->page_type);
	mm_exit(mm);
}
END_TEST

/* 16 KiB, without the mark that page_table_free_rcu() adds */
START_TEST(a_region_or_segment_table_goes_back_whole)
{
	void *crst = standin_crst();
	struct mmu_gather tlb = { NULL };

	tlb_remove_table(&tlb, crst);
	must(!freed_pages.count, "freed before its grace period");
	rcu_end_all();
	must(freed_pages.count == 1, "freed %u times", freed_pages.count);
	must(freed_pages.addr == (unsigned long)crst, "freed %#lx", freed_pages.addr);
	must(freed_pages.order == CRST_ALLOC_ORDER, "order %u", freed_pages.order);
}
END_TEST

START_TEST(a_grace_period_can_end_after_the_mm_is_gone)
{
	struct mm_struct *mm = mm_new(false);
	void *table[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		table[i] = table_alloc(mm);
	mm_create_vm(mm);
	table_free(mm, table_alloc(mm), FREE_RCU);
	for (i = 0; i < 3; i++)
		table_free(mm, table[i], FREE_RCU);
	mm_exit(mm);
	must(pages_in_use() == 3, "%u pages", pages_in_use());
	rcu_end_all();
	must(!pages_in_use(), "%u pages", pages_in_use());
}
END_TEST

/* tlb_remove_table() without memory to remember the table waits and frees it */
START_TEST(a_grace_period_can_be_over_before_page_table_free_rcu_returns)
{
	struct mm_struct *mm = mm_new(false);
	void *plain = table_alloc(mm), *pgste;

	mm_create_vm(mm);
	pgste = table_alloc(mm);
	fault_at(FAULT_BATCH, 1);
	table_free(mm, plain, FREE_RCU);
	must(fault_happened(), "was queued");
	fault_at(FAULT_BATCH, 1);
	table_free(mm, pgste, FREE_RCU);
	must(fault_happened(), "was queued");
	must(!rcu_pending() && !pages_in_use(), "%u pending, %u pages", rcu_pending(),
	     pages_in_use());
	mm_exit(mm);
}
END_TEST

/* --- R3: by the tag of the page, never by a flag of the mm --- */

START_TEST(a_2k_table_is_freed_as_one_after_the_mm_went_over_to_pgstes)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct mm_struct *mm = mm_new(false);
		void *upper = table_alloc(mm), *lower = table_alloc(mm);

		mm_create_vm(mm);
		table_free(mm, upper, i);
		must(halves(lower) & LOWER_USED, "the other half went too");
		must(pages_in_use() == 1, "%u pages", pages_in_use());
		must(!unlinked.count, "unlinked from a guest mapping");
		table_free(mm, lower, i);
		rcu_end_all();
		must(!pages_in_use(), "%u pages", pages_in_use());
		mm_exit(mm);
	}
}
END_TEST

/* As a flag that was wrong for any reason would have it. */
START_TEST(a_table_with_pgstes_is_freed_as_one_whatever_the_flag_of_the_mm)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct mm_struct *mm = mm_new(true);
		void *table = table_alloc(mm);

		mm->context.alloc_pgste = 0;
		table_free(mm, table, i);
		must(unlinked.count == i, "unlinked %u times", unlinked.count);
		rcu_end_all();
		must(!pages_in_use(), "%u pages", pages_in_use());
		mm_exit(mm);
	}
}
END_TEST

/* R2: [- U] has room, but not for a table of a guest */
START_TEST(after_a_vm_is_created_no_2k_half_is_handed_out)
{
	struct mm_struct *mm = mm_new(false);
	void *half = table_alloc(mm), *table;

	mm_create_vm(mm);
	table = table_alloc(mm);
	must(page_of(table) != page_of(half), "got the half beside %p", half);
	must(PagePgste(virt_to_page(table)), "no PGSTEs");
	state_is(half, UPPER_USED);
	must(list_length(mm) == 1, "%u pages listed", list_length(mm));
	table_free(mm, half, FREE_NOW);
	table_free(mm, table, FREE_NOW);
	mm_exit(mm);
}
END_TEST

START_TEST(a_table_asked_for_by_kind_has_it_whatever_the_flag_of_the_mm)
{
	unsigned int flag, kind;

	for (flag = 0; flag < 2; flag++)
		for (kind = 0; kind < 2; kind++) {
			struct mm_struct *mm = mm_new(flag);
			void *table = page_table_alloc_kind(mm, kind);

			must(table, "no table");
			must(pgtable_kind(table) == kind, "flag %u: kind %d, not %u", flag,
			     pgtable_kind(table), kind);
			must(pages_accounted() == 1, "%u accounted", pages_accounted());
			all_entries_are(table, _PAGE_INVALID, "entry");
			if (kind == PGTABLE_PGSTE)
				all_entries_are((char *)table + 2048, 0, "PGSTE");
			table_free(mm, table, flag ? FREE_RCU : FREE_NOW);
			rcu_end_all();
			mm_exit(mm);
		}
}
END_TEST

START_TEST(a_shadow_table_has_pgstes_whatever_the_tables_of_the_mm_are)
{
	struct mm_struct *mm = mm_new(false);
	struct page *shadow = page_table_alloc_pgste(mm);

	must(shadow, "no shadow table");
	must(PagePgste(shadow), "no tag");
	must(!shadow->accounted && !pages_accounted(), "accounted to a process");
	must(list_empty(&mm->context.pgtable_list), "listed");
	page_table_free_pgste(shadow);
	must(!pages_in_use(), "%u pages", pages_in_use());
	mm_exit(mm);
}
END_TEST

/* --- taking a table out of guest mappings --- */

START_TEST(a_table_with_pgstes_is_unlinked_once_before_its_grace_period)
{
	struct mm_struct *mm = mm_new(true);
	struct mmu_gather tlb = { mm };
	unsigned long *table = table_alloc(mm);

	page_table_free_rcu(&tlb, table, 0x12300000);
	must(unlinked.count == 1, "%u times", unlinked.count);
	must(unlinked.mm == mm, "from another mm");
	must(unlinked.table == table, "%p, not %p", (void *)unlinked.table, (void *)table);
	must(unlinked.vmaddr == 0x12300000, "at %#lx", unlinked.vmaddr);
	must(!unlinked.pending, "after it was queued");
	rcu_end_all();
	must(unlinked.count == 1, "%u times after the grace period", unlinked.count);
	mm_exit(mm);
}
END_TEST

START_TEST(nothing_else_is_unlinked)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower = table_alloc(mm);

	mm_create_vm(mm);
	table_free(mm, upper, FREE_RCU);
	table_free(mm, lower, FREE_NOW);
	table_free(mm, table_alloc(mm), FREE_NOW);
	page_table_free_pgste(page_table_alloc_pgste(mm));
	rcu_end_all();
	must(!unlinked.count, "%u times", unlinked.count);
	mm_exit(mm);
}
END_TEST

/* --- counting --- */

START_TEST(pages_are_counted_by_kind_until_they_go_back)
{
	struct mm_struct *mm = mm_new(false);
	void *a = table_alloc(mm), *b = table_alloc(mm), *c = table_alloc(mm), *d;
	struct page *shadow;

	must(pgtable_pages(PGTABLE_2K) == 2, "%lu of 2K", pgtable_pages(PGTABLE_2K));
	must(!pgtable_pages(PGTABLE_PGSTE), "%lu with PGSTEs", pgtable_pages(PGTABLE_PGSTE));
	mm_create_vm(mm);
	d = table_alloc(mm);
	shadow = page_table_alloc_pgste(mm);
	must(pgtable_pages(PGTABLE_2K) == 2, "%lu of 2K", pgtable_pages(PGTABLE_2K));
	must(pgtable_pages(PGTABLE_PGSTE) == 2, "%lu with PGSTEs", pgtable_pages(PGTABLE_PGSTE));
	must(pages_accounted() == 3, "%u accounted", pages_accounted());
	table_free(mm, a, FREE_NOW);
	must(pgtable_pages(PGTABLE_2K) == 2, "%lu of 2K", pgtable_pages(PGTABLE_2K));
	table_free(mm, b, FREE_NOW);
	table_free(mm, c, FREE_RCU);
	must(pgtable_pages(PGTABLE_2K) == 1, "%lu of 2K", pgtable_pages(PGTABLE_2K));
	page_table_free_pgste(shadow);
	table_free(mm, d, FREE_RCU);
	must(pgtable_pages(PGTABLE_PGSTE) == 1, "%lu with PGSTEs", pgtable_pages(PGTABLE_PGSTE));
	rcu_end_all();
	must(!pgtable_pages(PGTABLE_2K), "%lu of 2K", pgtable_pages(PGTABLE_2K));
	must(!pgtable_pages(PGTABLE_PGSTE), "%lu with PGSTEs", pgtable_pages(PGTABLE_PGSTE));
	mm_exit(mm);
}
END_TEST

START_TEST(a_page_may_be_counted_on_one_cpu_and_freed_on_another)
{
	struct mm_struct *plain = mm_new(false), *pgste = mm_new(true);
	void *a, *b, *c;

	this_cpu = 3;
	a = table_alloc(plain);
	b = table_alloc(pgste);
	this_cpu = 1;
	c = table_alloc(pgste);
	table_free(plain, a, FREE_NOW);
	table_free(pgste, b, FREE_NOW);
	must(!pgtable_pages(PGTABLE_2K), "%lu of 2K", pgtable_pages(PGTABLE_2K));
	must(pgtable_pages(PGTABLE_PGSTE) == 1, "%lu with PGSTEs", pgtable_pages(PGTABLE_PGSTE));
	this_cpu = 0;
	table_free(pgste, c, FREE_NOW);
	mm_exit(plain);
	mm_exit(pgste);
}
END_TEST

START_TEST(halves_in_use_counts_tables_that_share_a_page)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower, *pgste;
	struct page *page = virt_to_page(upper);

	must(pgtable_halves_in_use(page) == 1, "[- U]: %u", pgtable_halves_in_use(page));
	lower = table_alloc(mm);
	must(pgtable_halves_in_use(page) == 2, "[U U]: %u", pgtable_halves_in_use(page));
	table_free(mm, upper, FREE_RCU);
	must(pgtable_halves_in_use(page) == 1, "[U W]: %u", pgtable_halves_in_use(page));
	rcu_end_all();
	must(pgtable_halves_in_use(page) == 1, "[U -]: %u", pgtable_halves_in_use(page));
	table_free(mm, lower, FREE_RCU);
	must(pgtable_halves_in_use(page) == 0, "[W -]: %u", pgtable_halves_in_use(page));
	mm_create_vm(mm);
	pgste = table_alloc(mm);
	must(pgtable_halves_in_use(virt_to_page(pgste)) == 1, "PGSTE: %u",
	     pgtable_halves_in_use(virt_to_page(pgste)));
	table_free(mm, pgste, FREE_NOW);
	rcu_end_all();
	mm_exit(mm);
}
END_TEST

/* --- the rest of _refcount belongs to others --- */

START_TEST(references_of_others_neither_keep_nor_lose_a_table)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower;
	struct page *page = virt_to_page(upper);

	must(page_get(page) && page_get(page), "no reference to be had");
	lower = table_alloc(mm);
	must(lower == page_of(upper), "the lower half was not found free");
	must(pgtable_halves_in_use(page) == 2, "%u in use", pgtable_halves_in_use(page));
	page_put(page);
	table_free(mm, upper, FREE_RCU);
	table_free(mm, lower, FREE_NOW);
	rcu_end_all();
	must(page->page_type == ~0U, "not given back: type %#x", page->page_type);
	must(pages_in_use() == 1, "gone under the one who holds it");
	page_put(page);
	must(!pages_in_use(), "%u pages", pages_in_use());
	mm_exit(mm);
}
END_TEST

/* [X U] -> [- U] -> [E U]: stock hands out X again. */
START_TEST(a_2k_table_is_empty_whatever_was_left_in_the_freed_one)
{
	unsigned int way, half;

	for (way = 0; way < WAYS; way++)
		for (half = 0; half < 2; half++) {
			struct mm_struct *mm = mm_new(false);
			u64 *table[2], *again;

			table[0] = table_alloc(mm);
			table[1] = table_alloc(mm);
			memset(table[half], 0x5a, 2048);
			table_free(mm, table[half], way);
			rcu_end_all();
			warnings_taken();
			again = table_alloc(mm);
			must(again == table[half], "not the table that was written to");
			all_entries_are(again, _PAGE_INVALID, "entry");
			table_free(mm, again, FREE_NOW);
			table_free(mm, table[!half], FREE_NOW);
			mm_exit(mm);
		}
}
END_TEST

/* --- mistakes of callers, CONFIG_DEBUG_VM --- */

START_TEST(a_freed_2k_table_with_an_entry_left_is_noticed)
{
	static const unsigned int where[] = { 0, 1, 100, 255 };
	unsigned int i, way, half, warned;

	for (i = 0; i < 4; i++)
		for (way = 0; way < WAYS; way++)
			for (half = 0; half < 2; half++) {
				struct mm_struct *mm = mm_new(false);
				u64 *table[2];

				table[0] = table_alloc(mm);
				table[1] = table_alloc(mm);
				table[half][where[i]] = 0x12345000;
				table_free(mm, table[!half], way);
				warned = warnings_taken();
				must(!warned, "%u warnings for the empty half", warned);
				table_free(mm, table[half], way);
				warned = warnings_taken();
				must(warned == 1, "%u warnings for entry %u", warned, where[i]);
				rcu_end_all();
				mm_exit(mm);
			}
}
END_TEST

/* Its page is not reused as it is, and PGSTEs outlive their entries. */
START_TEST(a_freed_table_with_pgstes_may_have_contents)
{
	struct mm_struct *mm = mm_new(true);
	u64 *table = table_alloc(mm), *again;

	table[0] = 0x12345000;
	table[300] = 0x80000000;
	table_free(mm, table, FREE_NOW);
	again = table_alloc(mm);
	must(again == table, "not the page that was written to");
	all_entries_are(again, _PAGE_INVALID, "entry");
	all_entries_are(again + PTRS_PER_PTE, 0, "PGSTE");
	table_free(mm, again, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* [U U] -> [U W] -> [U U]: the state is wrong and the page is on the list already */
START_TEST(a_2k_table_freed_twice_is_noticed)
{
	struct mm_struct *mm = mm_new(false);
	void *upper = table_alloc(mm), *lower = table_alloc(mm);
	unsigned int warned;

	table_free(mm, upper, FREE_RCU);
	table_free(mm, upper, FREE_RCU);
	warned = warnings_taken();
	must(warned == 2, "%u warnings", warned);
	/* Once more, and again the page is listed already; three grace periods for one. */
	table_free(mm, upper, FREE_RCU);
	rcu_end_all();
	warned = warnings_taken();
	must(warned == 2, "%u warnings", warned);
	table_free(mm, lower, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* [- U] -> [W U] -> [- U] */
START_TEST(a_grace_period_that_nobody_waits_for_is_noticed)
{
	struct mm_struct *mm = mm_new(false);
	char *upper = table_alloc(mm);
	unsigned int warned;

	__tlb_remove_table((char *)page_of(upper) + 1);
	warned = warnings_taken();
	must(warned == 1, "%u warnings", warned);
	__tlb_remove_table((char *)page_of(upper) + 1);
	must(!warnings_taken(), "a warning for a half that waits");
	table_free(mm, upper, FREE_NOW);
	mm_exit(mm);
}
END_TEST

/* The count of its kind falls below what was counted: it shows 0, not 2^64. */
START_TEST(a_page_without_pgstes_freed_as_a_shadow_table_is_noticed)
{
	struct mm_struct *mm = mm_new(false);
	void *table = table_alloc(mm);
	unsigned int warned;

	page_table_free_pgste(pgtable_page_get(NULL, false));
	warned = warnings_taken();
	must(warned == 1, "%u warnings", warned);
	table_free(mm, table, FREE_NOW);
	must(!pgtable_pages(PGTABLE_2K), "%lu pages", pgtable_pages(PGTABLE_2K));
	mm_exit(mm);
}
END_TEST

TCase *allocator_tests(void)
{
	TCase *tests = tcase_create("allocator");

	tcase_add_test(tests, the_first_2k_table_is_the_upper_half_of_a_new_page);
	tcase_add_test(tests, the_second_2k_table_is_the_lower_half_of_the_same_page);
	tcase_add_test(tests, the_third_2k_table_takes_a_page_of_its_own);
	tcase_add_test(tests, a_table_with_pgstes_is_a_whole_tagged_page);
	tcase_add_test(tests, a_page_of_2k_tables_has_no_tag);
	tcase_add_test(tests, pgstes_are_idle_if_there_is_no_vm_when_the_table_is_made);
	tcase_add_test(tests, both_halves_of_a_new_page_are_256_invalid_entries);
	tcase_add_test(tests, a_new_table_with_pgstes_has_invalid_entries_and_pgstes_of_zero);
	tcase_add_test(tests, every_page_is_made_ready_for_dat);
	tcase_add_test(tests, two_mms_do_not_share_a_page);
	tcase_add_test(tests, freeing_the_last_half_releases_the_page_and_no_earlier);
	tcase_add_test(tests, of_two_waiting_halves_the_one_that_ends_last_releases_the_page);
	tcase_add_test(tests, a_page_is_not_released_before_its_grace_period_ends);
	tcase_add_test(tests, a_half_that_waits_for_its_grace_period_is_not_reused);
	tcase_add_test(tests, a_waiting_lower_half_is_not_reused_either);
	tcase_add_test(tests, a_waiting_half_does_not_keep_a_free_one_from_being_reused);
	tcase_add_test(tests, a_half_freed_at_once_is_the_next_to_be_reused);
	tcase_add_test(tests, a_table_with_pgstes_goes_back_at_once_or_after_its_grace_period);
	tcase_add_test(tests, the_page_type_is_clear_when_a_page_goes_back);
	tcase_add_test(tests, a_region_or_segment_table_goes_back_whole);
	tcase_add_test(tests, a_grace_period_can_end_after_the_mm_is_gone);
	tcase_add_test(tests, a_grace_period_can_be_over_before_page_table_free_rcu_returns);
	tcase_add_test(tests, a_2k_table_is_freed_as_one_after_the_mm_went_over_to_pgstes);
	tcase_add_test(tests, a_table_with_pgstes_is_freed_as_one_whatever_the_flag_of_the_mm);
	tcase_add_test(tests, after_a_vm_is_created_no_2k_half_is_handed_out);
	tcase_add_test(tests, a_table_asked_for_by_kind_has_it_whatever_the_flag_of_the_mm);
	tcase_add_test(tests, a_shadow_table_has_pgstes_whatever_the_tables_of_the_mm_are);
	tcase_add_test(tests, nothing_else_is_unlinked);
	tcase_add_test(tests, a_table_with_pgstes_is_unlinked_once_before_its_grace_period);
	tcase_add_test(tests, pages_are_counted_by_kind_until_they_go_back);
	tcase_add_test(tests, a_page_may_be_counted_on_one_cpu_and_freed_on_another);
	tcase_add_test(tests, halves_in_use_counts_tables_that_share_a_page);
	tcase_add_test(tests, references_of_others_neither_keep_nor_lose_a_table);
	tcase_add_test(tests, a_2k_table_is_empty_whatever_was_left_in_the_freed_one);
	tcase_add_test(tests, a_freed_2k_table_with_an_entry_left_is_noticed);
	tcase_add_test(tests, a_freed_table_with_pgstes_may_have_contents);
	tcase_add_test(tests, a_2k_table_freed_twice_is_noticed);
	tcase_add_test(tests, a_grace_period_that_nobody_waits_for_is_noticed);
	tcase_add_test(tests, a_page_without_pgstes_freed_as_a_shadow_table_is_noticed);
	return tests;
}
