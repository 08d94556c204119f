// SPDX-License-Identifier: GPL-2.0
/*
 * The questions of <asm/pgste.h>: what they answer for each mode of an mm, kind
 * of table, half of a page and state of the static key, and what they look at.
 */

#include <sys/mman.h>
#include "unit.h"
#include <standin-mm.h>
#include "linux.h"

static const char * const mode_name[] = { "none", "all", "mixed" };

/* A page of either kind, as a process has them, without the allocator. */
static struct page *page_of_kind(enum pgtable_kind kind)
{
	struct page *page = pgtable_page_get(NULL, true);

	if (kind == PGTABLE_PGSTE)
		__SetPagePgste(page);
	return page;
}

static void page_back(struct page *page)
{
	if (PagePgste(page))
		__ClearPagePgste(page);
	pgtable_page_put(page, true);
}

static pte_t *entry(struct page *page, unsigned int nr)
{
	return (pte_t *)page_to_virt(page) + nr;
}

START_TEST(every_entry_of_a_table_answers_with_its_kind)
{
	struct page *plain = page_of_kind(PGTABLE_2K), *pgste = page_of_kind(PGTABLE_PGSTE);
	unsigned int i;

	for (i = 0; i < 2 * PTRS_PER_PTE; i++)
		must(pgtable_kind(entry(plain, i)) == PGTABLE_2K, "entry %u of a 2K page", i);
	for (i = 0; i < PTRS_PER_PTE; i++)
		must(pgtable_kind(entry(pgste, i)) == PGTABLE_PGSTE, "entry %u with PGSTE", i);
	must(pgtable_page_kind(plain) == PGTABLE_2K, "page of 2K tables");
	must(pgtable_page_kind(pgste) == PGTABLE_PGSTE, "page with PGSTEs");
	page_back(plain);
	page_back(pgste);
}
END_TEST

/* Its struct page says the opposite and is not asked. */
START_TEST(an_entry_in_an_upper_half_answers_by_its_address)
{
	struct page *page = page_of_kind(PGTABLE_PGSTE);
	struct mm_struct *mm = mm_new(false);
	unsigned int i;

	mm_create_vm(mm);
	for (i = PTRS_PER_PTE; i < 2 * PTRS_PER_PTE; i++) {
		must(pgtable_kind(entry(page, i)) == PGTABLE_2K, "entry %u", i);
		must(!ptep_has_pgste(mm, entry(page, i)), "PGSTE of entry %u", i);
	}
	page_back(page);
	mm_exit(mm);
}
END_TEST

START_TEST(the_kind_is_a_page_type_beside_that_of_page_tables)
{
	struct page *page = page_of_kind(PGTABLE_PGSTE);

	must(PageTable(page) && PagePgste(page), "type %#x", page->page_type);
	__ClearPagePgste(page);
	must(PageTable(page) && !PagePgste(page), "type %#x", page->page_type);
	page_back(page);
}
END_TEST

/*
 *	mode	2K lower  2K upper  PGSTE
 *	none	   no        no       no
 *	all	  (not there)        yes
 *	mixed	   no        no      yes
 */
START_TEST(an_entry_has_a_pgste_by_mode_and_kind_of_its_table)
{
	static const bool has[3][2] = {
		[MM_PGSTE_NONE]  = { [PGTABLE_2K] = false, [PGTABLE_PGSTE] = false },
		[MM_PGSTE_MIXED] = { [PGTABLE_2K] = false, [PGTABLE_PGSTE] = true },
		[MM_PGSTE_ALL]   = { [PGTABLE_PGSTE] = true },
	};
	struct mm_struct *mm = mm_new(false);
	unsigned int key, mode, kind, nr;

	for (key = 0; key < 2; key++)
		for (mode = 0; mode < 3; mode++)
			for (kind = 0; kind < 2; kind++) {
				struct page *page = page_of_kind(kind);

				pgste_in_use.enabled = key;
				mm_set_pgste_mode(mm, mode);
				for (nr = 0; nr < (kind == PGTABLE_2K ? 512 : 256); nr++) {
					bool want = key && has[mode][kind];

					if (mode == MM_PGSTE_ALL && kind == PGTABLE_2K)
						continue;
					must(ptep_has_pgste(mm, entry(page, nr)) == want,
					     "key %u, mode %s, kind %u, entry %u: not %d",
					     key, mode_name[mode], kind, nr, want);
					must(ptep_lacks_pgste(mm, entry(page, nr)) == !want,
					     "lacks: key %u, mode %s, kind %u, entry %u: not %d",
					     key, mode_name[mode], kind, nr, !want);
				}
				page_back(page);
			}
	mm_exit(mm);
}
END_TEST

START_TEST(where_all_tables_have_pgstes_no_table_is_asked)
{
	struct mm_struct *mm = mm_new(true);

	pte_t in_no_page;

	mm_create_vm(mm);
	must(ptep_has_pgste(mm, &in_no_page), "no PGSTE");
	mm_exit(mm);
}
END_TEST

START_TEST(an_mm_has_pgstes_in_use_once_it_has_a_guest)
{
	struct mm_struct *mm = mm_new(false);
	unsigned int key, mode;

	for (key = 0; key < 2; key++)
		for (mode = 0; mode < 3; mode++) {
			pgste_in_use.enabled = key;
			mm_set_pgste_mode(mm, mode);
			must(mm_pgste_mode(mm) == mode, "key %u, mode %s: mode %s", key,
			     mode_name[mode], mode_name[mm_pgste_mode(mm)]);
			must(mm_has_pgste(mm) == (key && mode != MM_PGSTE_NONE),
			     "key %u, mode %s: has %d", key, mode_name[mode],
			     mm_has_pgste(mm));
		}
	mm_exit(mm);
}
END_TEST

START_TEST(before_the_first_vm_no_question_reads_memory)
{
	void *no_access = mmap(NULL, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(no_access != MAP_FAILED, "no address space");
	must(!pgste_in_use.enabled, "the key starts enabled");
	must(!mm_has_pgste(no_access), "mm_has_pgste");
	must(!ptep_has_pgste(no_access, no_access), "ptep_has_pgste");
	must(!mm_is_protected(no_access), "mm_is_protected");
}
END_TEST

START_TEST(an_mm_is_protected_while_it_runs_a_protected_guest)
{
	struct mm_struct *mm = mm_new(false);

	mm->context.protected_count.counter = 1;
	must(!mm_is_protected(mm), "protected on a machine that cannot");
	pgste_protected.enabled = true;
	must(mm_is_protected(mm), "not protected with a count of 1");
	mm->context.protected_count.counter = 0;
	must(!mm_is_protected(mm), "protected with a count of 0");
	mm_exit(mm);
}
END_TEST

START_TEST(what_was_decided_at_exec_is_inherited_what_came_late_is_not)
{
	static const bool inherits[2][3] = {
		[0] = { [MM_PGSTE_NONE] = false, [MM_PGSTE_ALL] = false, [MM_PGSTE_MIXED] = false },
		[1] = { [MM_PGSTE_NONE] = true, [MM_PGSTE_ALL] = true, [MM_PGSTE_MIXED] = false },
	};
	struct mm_struct *mm = mm_new(false);
	unsigned int alloc, mode, key;

	/* The key says nothing here: a process inherits before the first VM too. */
	for (key = 0; key < 2; key++)
		for (alloc = 0; alloc < 2; alloc++)
			for (mode = 0; mode < 3; mode++) {
				pgste_in_use.enabled = key;
				mm->context.alloc_pgste = alloc;
				mm_set_pgste_mode(mm, mode);
				must(mm_inherits_pgste(mm) == inherits[alloc][mode],
				     "key %u, alloc_pgste %u, mode %s: not %d", key, alloc,
				     mode_name[mode], inherits[alloc][mode]);
			}
	mm_exit(mm);
}
END_TEST

START_TEST(the_key_of_a_page_is_the_guests_if_the_kernel_manages_the_page)
{
	pte_t managed = { (POOL_PFN + 5) << PAGE_SHIFT };
	pte_t special = { managed.pte | _PAGE_SPECIAL };
	pte_t mapped_by_driver = { (POOL_PFN + POOL_PAGES) << PAGE_SHIFT | _PAGE_SPECIAL };

	must(pte_has_key(managed), "a page of the pool");
	must(!pte_has_key(special), "special");
	must(!pte_has_key(mapped_by_driver), "special, without struct page");
	pool_page(5)->reserved = true;
	must(!pte_has_key(managed), "reserved");
	pool_page(5)->reserved = false;
}
END_TEST

/* Where set_pte_at() goes for an entry with PGSTE. */
static struct {
	unsigned int count;
	struct mm_struct *mm;
	pte_t *ptep;
	pte_t entry;
} pgste_store;

void ptep_pgste_store(struct mm_struct *mm, pte_t *ptep, pte_t new)
{
	pgste_store.count++;
	pgste_store.mm = mm;
	pgste_store.ptep = ptep;
	pgste_store.entry = new;
}

START_TEST(set_pte_at_stores_plainly_unless_the_entry_has_a_pgste)
{
	struct mm_struct *mm = mm_new(false);
	unsigned int key, mode, kind;
	pte_t new = { 0x123000 };

	for (key = 0; key < 2; key++)
		for (mode = 0; mode < 3; mode++)
			for (kind = 0; kind < 2; kind++) {
				struct page *page = page_of_kind(kind);
				bool pgste = key && (mode == MM_PGSTE_ALL ||
					     (mode == MM_PGSTE_MIXED && kind == PGTABLE_PGSTE));
				pte_t *ptep = entry(page, 5);

				*ptep = (pte_t){ _PAGE_INVALID };
				pgste_in_use.enabled = key;
				mm_set_pgste_mode(mm, mode);
				pgste_store.count = 0;
				set_pte_at(mm, 0x7000, ptep, new);
				must(pgste_store.count == pgste,
				     "key %u, mode %s, kind %u: %u stores with PGSTE",
				     key, mode_name[mode], kind, pgste_store.count);
				must(ptep->pte == (pgste ? _PAGE_INVALID : new.pte),
				     "key %u, mode %s, kind %u: entry %#lx", key,
				     mode_name[mode], kind, ptep->pte);
				if (pgste)
					must(pgste_store.mm == mm && pgste_store.ptep == ptep &&
					     pgste_store.entry.pte == new.pte,
					     "not called with what set_pte_at() was given");
				page_back(page);
			}
	mm_exit(mm);
}
END_TEST

/* All in one table; the first one after them is not touched. */
START_TEST(set_ptes_stores_entries_of_consecutive_pages)
{
	pte_t first = { 0x123000 | _PAGE_SPECIAL };
	struct mm_struct *mm = mm_new(false);
	unsigned int kind, nr, i;

	mm_create_vm(mm);
	for (kind = 0; kind < 2; kind++)
		for (nr = 1; nr < 4; nr++) {
			struct page *page = page_of_kind(kind);

			for (i = 0; i < 4; i++)
				*entry(page, i) = (pte_t){ _PAGE_INVALID };
			pgste_store.count = 0;
			set_ptes(mm, 0x7000, entry(page, 0), first, nr);
			must(pgste_store.count == (kind == PGTABLE_PGSTE ? nr : 0),
			     "%u of %u stores with PGSTE", pgste_store.count, nr);
			for (i = 0; kind == PGTABLE_2K && i < 4; i++)
				must(entry(page, i)->pte ==
				     (i < nr ? first.pte + i * PAGE_SIZE : _PAGE_INVALID),
				     "entry %u of %u: %#lx", i, nr, entry(page, i)->pte);
			if (kind == PGTABLE_PGSTE)
				must(pgste_store.ptep == entry(page, nr - 1) &&
				     pgste_store.entry.pte == first.pte + (nr - 1) * PAGE_SIZE,
				     "the last of %u: %#lx", nr, pgste_store.entry.pte);
			page_back(page);
		}
	mm_exit(mm);
}
END_TEST

TCase *question_tests(void)
{
	TCase *tests = tcase_create("question");

	tcase_add_test(tests, every_entry_of_a_table_answers_with_its_kind);
	tcase_add_test(tests, an_entry_in_an_upper_half_answers_by_its_address);
	tcase_add_test(tests, the_kind_is_a_page_type_beside_that_of_page_tables);
	tcase_add_test(tests, an_entry_has_a_pgste_by_mode_and_kind_of_its_table);
	tcase_add_test(tests, where_all_tables_have_pgstes_no_table_is_asked);
	tcase_add_test(tests, an_mm_has_pgstes_in_use_once_it_has_a_guest);
	tcase_add_test(tests, before_the_first_vm_no_question_reads_memory);
	tcase_add_test(tests, an_mm_is_protected_while_it_runs_a_protected_guest);
	tcase_add_test(tests, what_was_decided_at_exec_is_inherited_what_came_late_is_not);
	tcase_add_test(tests, the_key_of_a_page_is_the_guests_if_the_kernel_manages_the_page);
	tcase_add_test(tests, set_pte_at_stores_plainly_unless_the_entry_has_a_pgste);
	tcase_add_test(tests, set_ptes_stores_entries_of_consecutive_pages);
	return tests;
}
