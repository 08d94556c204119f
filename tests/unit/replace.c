// SPDX-License-Identifier: GPL-2.0
/*
 * Replacement of page tables, pgste/replace.c. That each step is taken in its order and
 * with its locks is checked by what stands in for the kernel (standin-mm.c).
 */

#include "unit.h"
#include <standin-mm.h>
#include <asm/pgtable_replace.h>

#define MANY		(2 * PGTABLE_REPLACE_BATCH + 5)
#define WRITABLE	(_PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE)
#define DIRTY		(WRITABLE | _PAGE_DIRTY | _PAGE_YOUNG)
#define CLEAN		(WRITABLE | _PAGE_PROTECT | _PAGE_YOUNG)
#define SWAPPED		(_PAGE_INVALID | 0x123000UL)

static u64 frame(unsigned int nr)
{
	return (POOL_PFN + nr % (POOL_PAGES / 2)) << PAGE_SHIFT;
}

/* Of each kind of entry some, and no two tables the same. */
static u64 entry(unsigned int segment, unsigned int i)
{
	static const u64 flags[] = { DIRTY, _PAGE_INVALID, CLEAN | _PAGE_DIRTY, _PAGE_PRESENT | _PAGE_READ };

	if (i % 5 == 1)
		return _PAGE_INVALID;
	if (i % 5 == 4)
		return SWAPPED + ((u64)segment << 40) + ((u64)i << 24);
	return frame(segment * PTRS_PER_PTE + i) | (i % 5 == 3 ? flags[3] : flags[i % 5 ? 2 : 0]);
}

static void fill_segment(struct mm_struct *mm, unsigned int segment)
{
	u64 *table = space_table(mm, segment);

	for (unsigned int i = 0; i < PTRS_PER_PTE; i++)
		table[i] = entry(segment, i);
}

static void check_segment(struct mm_struct *mm, unsigned int segment, enum pgtable_kind kind)
{
	u64 *table = space_table_now(mm, segment);

	must(table, "no table in segment %u", segment);
	must(pgtable_page_kind(virt_to_page(table)) == kind, "segment %u has the other kind", segment);
	for (unsigned int i = 0; i < PTRS_PER_PTE; i++)
		must(table[i] == entry(segment, i), "segment %u entry %u is %#llx, not %#llx",
		     segment, i, table[i], entry(segment, i));
}

/* One anonymous VMA, so many tables of a kind. */
static struct mm_struct *space_of(unsigned int tables, enum pgtable_kind kind)
{
	struct mm_struct *mm = space_new(kind == PGTABLE_PGSTE);

	if (kind == PGTABLE_PGSTE) {
		mm_set_pgste_mode(mm, MM_PGSTE_MIXED);
		pgste_in_use.enabled = true;
	}
	space_map(mm, 0, SEGMENTS * PMD_SIZE, 0, false, true);
	for (unsigned int i = 0; i < tables; i++)
		fill_segment(mm, i);
	mm->context.alloc_pgste = 0;
	atomic_inc(&mm->mm_users);	/* the caller's */
	return mm;
}

static void space_gone(struct mm_struct *mm)
{
	mmput(mm);
	space_exit(mm);
	pgste_in_use.enabled = false;
}

static int replace(struct mm_struct *mm, enum pgtable_replace what)
{
	return pgtable_replace_range(mm, 0, -1UL, what);
}

static void must_return(int rc, int want)
{
	must(rc == want, "returned %d, not %d", rc, want);
}

/* --- each use --- */

START_TEST(promotion_gives_2k_tables_pgstes_and_keeps_their_entries)
{
	struct mm_struct *mm = space_of(MANY, PGTABLE_2K);
	unsigned long before = pgtable_replaced(PGTABLE_PROMOTE);

	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	for (unsigned int i = 0; i < MANY; i++)
		check_segment(mm, i, PGTABLE_PGSTE);
	must(pgtable_replaced(PGTABLE_PROMOTE) - before == MANY, "%lu counted",
	     pgtable_replaced(PGTABLE_PROMOTE) - before);
	space_gone(mm);
}
END_TEST

START_TEST(demotion_takes_them_away_and_keeps_the_entries)
{
	struct mm_struct *mm = space_of(MANY, PGTABLE_PGSTE);

	must_return(replace(mm, PGTABLE_DEMOTE), 0);
	for (unsigned int i = 0; i < MANY; i++)
		check_segment(mm, i, PGTABLE_2K);
	space_gone(mm);
}
END_TEST

START_TEST(relocation_moves_tables_of_either_kind_with_all_they_say)
{
	for (enum pgtable_kind kind = PGTABLE_2K; kind <= PGTABLE_PGSTE; kind++) {
		struct mm_struct *mm = space_of(MANY, kind);
		u64 *old[MANY], *table;
		unsigned int i, j;

		for (i = 0; i < MANY; i++) {
			old[i] = space_table_now(mm, i);
			for (j = 0; kind == PGTABLE_PGSTE && j < PTRS_PER_PTE; j++)
				old[i][PTRS_PER_PTE + j] = (u64)j << 56 | PGSTE_GR_BIT | i;
		}
		must_return(replace(mm, PGTABLE_RELOCATE), 0);
		for (i = 0; i < MANY; i++) {
			check_segment(mm, i, kind);
			table = space_table_now(mm, i);
			must(kind == PGTABLE_2K || table != old[i], "segment %u has its old table", i);
			for (j = 0; kind == PGTABLE_PGSTE && j < PTRS_PER_PTE; j++)
				must(table[PTRS_PER_PTE + j] == ((u64)j << 56 | PGSTE_GR_BIT | i),
				     "segment %u PGSTE %u is %#llx", i, j, table[PTRS_PER_PTE + j]);
		}
		space_gone(mm);
	}
}
END_TEST

START_TEST(what_need_not_be_replaced_stays)
{
	struct mm_struct *mm = space_of(3, PGTABLE_2K);
	u64 *table = space_table_now(mm, 1);

	must_return(replace(mm, PGTABLE_DEMOTE), 0);
	must(space_table_now(mm, 1) == table, "a 2K table was demoted");
	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	table = space_table_now(mm, 1);
	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	must(space_table_now(mm, 1) == table, "promoted twice");
	space_gone(mm);
}
END_TEST

START_TEST(only_the_range_is_replaced)
{
	struct mm_struct *mm = space_of(10, PGTABLE_2K);

	must_return(pgtable_replace_range(mm, 3 * PMD_SIZE, 6 * PMD_SIZE, PGTABLE_PROMOTE), 0);
	for (unsigned int i = 0; i < 10; i++)
		check_segment(mm, i, i >= 3 && i < 6 ? PGTABLE_PGSTE : PGTABLE_2K);
	space_gone(mm);
}
END_TEST

START_TEST(memory_of_hugetlb_and_holes_are_left_alone)
{
	struct mm_struct *mm = space_new(false);

	space_map(mm, 2 * PMD_SIZE, 4 * PMD_SIZE, VM_HUGETLB, true, false);
	space_map(mm, 8 * PMD_SIZE, 9 * PMD_SIZE, 0, false, true);
	space_huge(mm, 2);
	space_huge(mm, 3);
	fill_segment(mm, 8);
	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	must(pmd_leaf(mm->segments[2]) && pmd_leaf(mm->segments[3]), "a huge page is gone");
	check_segment(mm, 8, PGTABLE_PGSTE);
	space_exit(mm);
}
END_TEST

/* --- locks --- */

START_TEST(the_mmap_lock_is_held_for_a_batch_at_most)
{
	struct mm_struct *mm = space_of(MANY, PGTABLE_2K);

	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	must(standin_longest == PGTABLE_REPLACE_BATCH, "%u tables with the lock held",
	     standin_longest);
	must(standin_write_locks >= 3, "lock taken %u times", standin_write_locks);
	space_gone(mm);
}
END_TEST

/* Segments of one VMA, of several, VMAs of several segments; files, anonymous, both. */
START_TEST(the_locks_of_all_vmas_of_a_segment_are_held)
{
	struct mm_struct *mm = space_new(false);
	unsigned long addr = 0;
	struct vm_area_struct *vma = NULL;
	u64 seed = 7;

	while (addr < 60 * PMD_SIZE) {
		unsigned long end = addr + (1 + random_below(&seed, 700)) * PAGE_SIZE;

		if (random_below(&seed, 4))
			vma = space_map(mm, addr, end, 0, random_below(&seed, 2),
					random_below(&seed, 2));
		addr = end;
	}
	must(vma, "no VMA");
	for (unsigned int i = 0; i < mm->vma_count; i++)
		for (unsigned long s = mm->vmas[i]->vm_start >> PMD_SHIFT;
		     s <= (mm->vmas[i]->vm_end - 1) >> PMD_SHIFT; s++)
			fill_segment(mm, s);
	for (enum pgtable_replace what = PGTABLE_PROMOTE; what <= PGTABLE_RELOCATE; what++) {
		atomic_inc(&mm->mm_users);
		must_return(replace(mm, what), 0);
		mmput(mm);
		for (unsigned int s = 0; s < SEGMENTS; s++)
			if (space_table_now(mm, s))
				check_segment(mm, s, what ? PGTABLE_2K : PGTABLE_PGSTE);
	}
	space_exit(mm);
}
END_TEST

START_TEST(two_vmas_of_one_file_share_its_lock)
{
	struct mm_struct *mm = space_new(false);
	struct vm_area_struct *a = space_map(mm, 0, PMD_SIZE / 2, 0, true, true);
	struct vm_area_struct *b = space_map(mm, PMD_SIZE / 2, PMD_SIZE, 0, false, false);

	b->vm_file = a->vm_file;
	b->anon_vma = a->anon_vma;
	fill_segment(mm, 0);
	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	check_segment(mm, 0, PGTABLE_PGSTE);
	b->vm_file = NULL;
	b->anon_vma = NULL;
	space_exit(mm);
}
END_TEST

/* That they fire before the gmap forgets the segment is checked when they do. */
START_TEST(armed_notifiers_fire_each_once)
{
	struct mm_struct *mm = space_of(3, PGTABLE_PGSTE);

	for (unsigned int s = 0; s < 3; s++) {
		u64 *pgste = space_table_now(mm, s) + PTRS_PER_PTE;

		pgste[0] |= PGSTE_IN_BIT;
		pgste[100 + s] |= PGSTE_VSIE_BIT;
		pgste[255] |= PGSTE_IN_BIT | PGSTE_VSIE_BIT;
	}
	must_return(replace(mm, PGTABLE_RELOCATE), 0);
	must(standin_notified == 9, "%u notifiers fired", standin_notified);
	must(unlinked.count == 3, "%u segments unlinked", unlinked.count);
	space_gone(mm);
}
END_TEST

/* --- what promotion makes of an entry --- */

static u64 promoted_pgste(struct mm_struct *mm, u64 pte, u64 *now)
{
	u64 *table = space_table(mm, 0);

	table[9] = pte;
	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	table = space_table_now(mm, 0);
	*now = table[9];
	return table[PTRS_PER_PTE + 9];
}

START_TEST(a_writable_page_counts_as_written_to_by_the_user)
{
	static const struct { u64 pte, with_esop, without; bool written, written_without; } t[] = {
		{ DIRTY, DIRTY, DIRTY, true, true },
		{ CLEAN, CLEAN, DIRTY, false, true },
		{ _PAGE_PRESENT | _PAGE_READ, _PAGE_PRESENT | _PAGE_READ,
		  _PAGE_PRESENT | _PAGE_READ, false, false },
		{ DIRTY | _PAGE_INVALID, DIRTY | _PAGE_INVALID, DIRTY | _PAGE_INVALID, false, false },
	};

	for (unsigned int i = 0; i < sizeof(t) / sizeof(*t); i++) {
		for (int esop = 0; esop < 2; esop++) {
			struct mm_struct *mm = space_of(0, PGTABLE_2K);
			u64 want = (esop ? t[i].with_esop : t[i].without) | frame(1), now, pgste;
			bool written = esop ? t[i].written : t[i].written_without;

			standin_esop = esop;
			pgste = promoted_pgste(mm, t[i].pte | frame(1), &now);
			must(now == want, "case %u, ESOP %d: PTE %#llx, not %#llx", i, esop, now, want);
			must(!(pgste & PGSTE_UC_BIT) == !written, "case %u, ESOP %d: PGSTE %#llx", i,
			     esop, pgste);
			space_gone(mm);
		}
	}
}
END_TEST

START_TEST(where_keys_are_used_a_page_gets_the_default_one)
{
	for (int uses = 0; uses < 2; uses++) {
		struct mm_struct *mm = space_of(0, PGTABLE_2K);
		u64 now, pgste;

		mm->context.uses_skeys = uses;
		pgste = promoted_pgste(mm, DIRTY | frame(1), &now);
		must(page_get_storage_key(frame(1)) == (uses ? PAGE_DEFAULT_KEY : 0x38), "key %#x",
		     page_get_storage_key(frame(1)));
		must((pgste & (PGSTE_GR_BIT | PGSTE_GC_BIT)) ==
		     (uses ? PGSTE_GR_BIT | PGSTE_GC_BIT : 0), "PGSTE %#llx", pgste);
		space_gone(mm);
	}
}
END_TEST

START_TEST(the_key_of_a_page_that_is_not_managed_stays)
{
	struct mm_struct *mm = space_of(0, PGTABLE_2K);
	u64 now;

	mm->context.uses_skeys = 1;
	promoted_pgste(mm, DIRTY | _PAGE_SPECIAL | frame(1), &now);
	must(page_get_storage_key(frame(1)) == 0x38, "key %#x", page_get_storage_key(frame(1)));
	space_gone(mm);
}
END_TEST

START_TEST(promotion_splits_a_huge_page)
{
	struct mm_struct *mm = space_of(3, PGTABLE_2K);

	space_huge(mm, 5);
	must_return(replace(mm, PGTABLE_PROMOTE), 0);
	must(space_table_now(mm, 5), "still a huge page");
	must(pgtable_page_kind(virt_to_page(space_table_now(mm, 5))) == PGTABLE_PGSTE, "2K");
	must_return(replace(mm, PGTABLE_RELOCATE), 0);
	space_gone(mm);
}
END_TEST

/* The next VM is to find them: in the page where the guest could write, else in the PGSTE. */
START_TEST(demotion_leaves_a_table_with_keys)
{
	for (int where = 0; where < 3; where++) {
		struct mm_struct *mm = space_of(4, PGTABLE_PGSTE);
		u64 *table = space_table_now(mm, 2);

		mm->context.uses_skeys = 1;
		for (unsigned int nr = 0; nr < POOL_PAGES; nr++)
			page_set_storage_key((POOL_PFN + nr) << PAGE_SHIFT, PAGE_DEFAULT_KEY, 0);
		table[77] = where == 1 ? _PAGE_INVALID : DIRTY | frame(POOL_PAGES / 2 - 1);
		if (where == 1)
			table[PTRS_PER_PTE + 77] = 0x30UL << 56;
		else
			page_set_storage_key(table[77] & PAGE_MASK, where ? 0x08 : 0x30, 0);
		must_return(replace(mm, PGTABLE_DEMOTE), 1);
		for (unsigned int i = 0; i < 4; i++)
			must((pgtable_page_kind(virt_to_page(space_table_now(mm, i))) == PGTABLE_PGSTE) ==
			     (i == 2), "case %d, segment %u", where, i);
		/* Nobody uses keys any more: nothing is lost. */
		mm->context.uses_skeys = 0;
		must_return(replace(mm, PGTABLE_DEMOTE), 0);
		must(pgtable_page_kind(virt_to_page(space_table_now(mm, 2))) == PGTABLE_2K, "kept");
		space_gone(mm);
	}
}
END_TEST

/* --- what stops it --- */

/* Whatever fails, each table is the old one or the new one, and nothing is lost. */
START_TEST(without_memory_each_table_is_replaced_or_not)
{
	for (enum pgtable_replace what = PGTABLE_PROMOTE; what <= PGTABLE_RELOCATE; what++) {
		enum pgtable_kind kind = what == PGTABLE_DEMOTE ? PGTABLE_PGSTE : PGTABLE_2K;
		unsigned int n, kept, i;
		bool failed;
		int rc;

		for (n = 1; ; n++) {
			struct mm_struct *mm = space_of(PGTABLE_REPLACE_BATCH + 3, kind);

			fault_at(FAULT_ANY, n);
			rc = replace(mm, what);
			failed = fault_happened();
			must_return(rc, failed ? -ENOMEM : 0);
			for (kept = i = 0; i < PGTABLE_REPLACE_BATCH + 3; i++) {
				u64 *table = space_table_now(mm, i);
				enum pgtable_kind now = pgtable_page_kind(virt_to_page(table));

				kept += now == kind;
				check_segment(mm, i, now);
			}
			must(what == PGTABLE_RELOCATE || !kept == !failed, "%u tables kept", kept);
			space_gone(mm);
			if (!failed)
				break;
		}
		must(n > PGTABLE_REPLACE_BATCH, "only %u attempts were there to fail", n - 1);
	}
}
END_TEST

START_TEST(a_fatal_signal_ends_it_between_two_batches)
{
	struct mm_struct *mm = space_of(MANY, PGTABLE_2K);
	unsigned int promoted = 0;

	standin_kill_at = 2;
	must_return(replace(mm, PGTABLE_PROMOTE), -EINTR);
	for (unsigned int i = 0; i < MANY; i++)
		promoted += pgtable_page_kind(virt_to_page(space_table_now(mm, i))) == PGTABLE_PGSTE;
	must(promoted == PGTABLE_REPLACE_BATCH, "%u tables promoted", promoted);
	space_gone(mm);
}
END_TEST

static unsigned long demoted_before;

static void create_vm(struct mm_struct *mm)
{
	if (pgtable_replaced(PGTABLE_DEMOTE) != demoted_before)
		mm->context.alloc_pgste = 1;
}

START_TEST(demotion_stops_when_a_vm_is_created_between_two_batches)
{
	struct mm_struct *mm = space_of(MANY, PGTABLE_PGSTE);
	unsigned int demoted = 0;

	demoted_before = pgtable_replaced(PGTABLE_DEMOTE);
	standin_unlocked = create_vm;
	must_return(replace(mm, PGTABLE_DEMOTE), -EBUSY);
	standin_unlocked = NULL;
	for (unsigned int i = 0; i < MANY; i++)
		demoted += pgtable_page_kind(virt_to_page(space_table_now(mm, i))) == PGTABLE_2K;
	must(demoted == PGTABLE_REPLACE_BATCH, "%u tables demoted", demoted);
	space_gone(mm);
}
END_TEST

TCase *replace_tests(void)
{
	TCase *tests = tcase_create("replace");

	tcase_add_test(tests, promotion_gives_2k_tables_pgstes_and_keeps_their_entries);
	tcase_add_test(tests, demotion_takes_them_away_and_keeps_the_entries);
	tcase_add_test(tests, relocation_moves_tables_of_either_kind_with_all_they_say);
	tcase_add_test(tests, what_need_not_be_replaced_stays);
	tcase_add_test(tests, only_the_range_is_replaced);
	tcase_add_test(tests, memory_of_hugetlb_and_holes_are_left_alone);
	tcase_add_test(tests, the_mmap_lock_is_held_for_a_batch_at_most);
	tcase_add_test(tests, the_locks_of_all_vmas_of_a_segment_are_held);
	tcase_add_test(tests, two_vmas_of_one_file_share_its_lock);
	tcase_add_test(tests, armed_notifiers_fire_each_once);
	tcase_add_test(tests, a_writable_page_counts_as_written_to_by_the_user);
	tcase_add_test(tests, where_keys_are_used_a_page_gets_the_default_one);
	tcase_add_test(tests, the_key_of_a_page_that_is_not_managed_stays);
	tcase_add_test(tests, promotion_splits_a_huge_page);
	tcase_add_test(tests, demotion_leaves_a_table_with_keys);
	tcase_add_test(tests, without_memory_each_table_is_replaced_or_not);
	tcase_add_test(tests, a_fatal_signal_ends_it_between_two_batches);
	tcase_add_test(tests, demotion_stops_when_a_vm_is_created_between_two_batches);
	return tests;
}
