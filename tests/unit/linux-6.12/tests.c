// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for Linux 6.12 only: flags beside a page type that is a number, tables that
 * are freed later by khugepaged, page faults under the lock of a VMA, cgroups.
 */

#include <string.h>
#include "../unit.h"
#include <standin-mm.h>
#include <asm/gmap_admission.h>
#include <asm/pgtable_replace.h>
#include "linux.h"

/* --- flags in page_type --- */

static const struct {
	int (*is)(const struct page *page);
	void (*set)(struct page *page);
	void (*clear)(struct page *page);
} flag[] = {
	{ PagePgste, __SetPagePgste, __ClearPagePgste },
	{ PagePgsteIdle, __SetPagePgsteIdle, __ClearPagePgsteIdle },
	{ PagePgsteLinked, __SetPagePgsteLinked, __ClearPagePgsteLinked },
};

static void flags_are(const struct page *page, unsigned int want)
{
	must(PageTable(page), "type %#x is not that of a page table", page->page_type);
	for (unsigned int i = 0; i < 3; i++)
		must(!flag[i].is(page) == !(want & 1 << i), "flag %u of type %#x", i,
		     page->page_type);
	must(pgtable_page_kind(page) == (want & 1 ? PGTABLE_PGSTE : PGTABLE_2K),
	     "kind of type %#x", page->page_type);
}

START_TEST(kind_idle_and_linked_survive_each_other_and_go_with_the_type)
{
	for (unsigned int others = 0; others < 8; others++) {
		for (unsigned int i = 0; i < 3; i++) {
			struct page *page = pgtable_page_get(NULL, true);
			unsigned int want = 0;

			flags_are(page, want);
			for (unsigned int j = 0; j < 3; j++) {
				if (j == i || !(others & 1 << j))
					continue;
				flag[j].set(page);
				want |= 1 << j;
				flags_are(page, want);
			}
			flag[i].set(page);
			flags_are(page, want | 1 << i);
			flag[i].clear(page);
			flags_are(page, want);
			flag[i].set(page);
			pgtable_page_put(page, true);
			must(page->page_type == NO_PAGE_TYPE, "type %#x left", page->page_type);
			for (unsigned int j = 0; j < 3; j++)
				must(!flag[j].is(page), "a page without type has flag %u", j);
		}
	}
}
END_TEST

/* --- tables that are freed later --- */

/* As no table is when it is freed: to see whether it stays. Warned about. */
static void scribble(u64 *table)
{
	for (unsigned int i = 0; i < PTRS_PER_PTE; i++)
		table[i] = (u64)i << 32 | 0x5a;
}

static void must_be_scribbled(const u64 *table)
{
	for (unsigned int i = 0; i < PTRS_PER_PTE; i++)
		must(table[i] == ((u64)i << 32 | 0x5a), "entry %u has become %#llx", i, table[i]);
}

/* [U U] -> [U W] and [- U] elsewhere -> [U -] -> [U U] */
START_TEST(a_deferred_half_is_not_handed_out_and_stays_as_it_is_for_a_grace_period)
{
	for (unsigned int half = 0; half < 2; half++) {
		struct mm_struct *mm = mm_new(false);
		void *table[2], *other[2];
		unsigned int warned, i;

		table[0] = table_alloc(mm);
		table[1] = table_alloc(mm);
		scribble(table[half]);
		table_free(mm, table[half], FREE_DEFERRED);
		warned = warnings_taken();
		must(warned == 1, "%u warnings", warned);
		must(halves(table[0]) == (half ? UPPER_USED | LOWER_WAITING : LOWER_USED | UPPER_WAITING),
		     "halves %#x", halves(table[0]));
		must(list_length(mm) == 1, "%u pages listed", list_length(mm));
		for (i = 0; i < 2; i++) {
			other[i] = table_alloc(mm);
			must(page_of(other[i]) != page_of(table[half]), "handed out");
		}
		must_be_scribbled(table[half]);
		must(rcu_pending() == 1, "%u pending", rcu_pending());
		rcu_end_all();
		must(!kmalloced(), "%u objects left", kmalloced());
		for (i = 0; i < 2; i++)
			table_free(mm, other[i], FREE_NOW);
		other[0] = table_alloc(mm);
		must(other[0] == table[half], "not handed out when the grace period is over");
		table_free(mm, other[0], FREE_NOW);
		table_free(mm, table[!half], FREE_NOW);
		mm_exit(mm);
	}
}
END_TEST

/* [W W] -> [- W] or [W -] -> nothing; the mm is gone by then. */
START_TEST(both_halves_of_a_page_can_be_deferred_at_the_same_time)
{
	for (unsigned int first = 0; first < 2; first++) {
		struct mm_struct *mm = mm_new(false);
		void *upper = table_alloc(mm), *lower = table_alloc(mm), *ended;
		unsigned int warned;

		scribble(upper);
		scribble(lower);
		table_free(mm, upper, FREE_DEFERRED);
		table_free(mm, lower, FREE_DEFERRED);
		warned = warnings_taken();
		must(warned == 2, "%u warnings", warned);
		mm_exit(mm);
		must_be_scribbled(upper);
		must_be_scribbled(lower);
		ended = rcu_end(first);
		must(ended == (first ? lower : upper), "ended for %p", ended);
		must(pages_in_use() == 1, "%u pages", pages_in_use());
		must(halves(upper) == (first ? UPPER_WAITING : LOWER_WAITING), "halves %#x",
		     halves(upper));
		must_be_scribbled(first ? upper : lower);
		rcu_end_all();
		must(!pages_in_use(), "%u pages", pages_in_use());
	}
}
END_TEST

START_TEST(a_deferred_table_with_pgstes_keeps_its_kind_for_a_grace_period)
{
	struct mm_struct *mm = mm_new(true);
	void *table = table_alloc(mm);

	table_free(mm, table, FREE_DEFERRED);
	must(PagePgste(virt_to_page(table)), "lost its tag while it waits");
	must(pages_in_use() == 1, "%u pages", pages_in_use());
	must(!unlinked.count, "unlinked from a guest");
	rcu_end_all();
	must(!pages_in_use(), "%u pages", pages_in_use());
	mm_exit(mm);
}
END_TEST

static u64 *waiting;
static unsigned int waits;

static void stays_while_waited_for(void)
{
	waits++;
	must(virt_to_page(waiting)->accounted, "freed before the grace period is over");
	must(pgtable_kind((pte_t *)waiting) == PGTABLE_PGSTE || halves(waiting) & UPPER_WAITING,
	     "halves %#x", halves(waiting));
	must_be_scribbled(waiting);
}

START_TEST(without_memory_to_defer_it_the_grace_period_is_waited_for)
{
	for (unsigned int kind = 0; kind < 2; kind++) {
		struct mm_struct *mm = mm_new(kind);
		unsigned int warned;

		waiting = table_alloc(mm);
		scribble(waiting);
		waits = 0;
		standin_waits = stays_while_waited_for;
		fault_at(FAULT_KMALLOC, 1);
		table_free(mm, waiting, FREE_DEFERRED);
		must(fault_happened(), "there was memory");
		warned = warnings_taken();
		must(warned == !kind, "%u warnings", warned);
		must(waits == 1, "waited %u times", waits);
		must(!rcu_pending(), "%u pending", rcu_pending());
		must(!pages_in_use(), "%u pages", pages_in_use());
		standin_waits = NULL;
		mm_exit(mm);
	}
}
END_TEST

/* khugepaged holds one, and reclaim would take others. */
START_TEST(a_table_can_be_deferred_with_a_reverse_map_lock_held)
{
	struct address_space mapping = { 0 };
	struct mm_struct *mm = mm_new(false);
	void *table = table_alloc(mm);

	i_mmap_lock_write(&mapping);
	table_free(mm, table, FREE_DEFERRED);
	i_mmap_unlock_write(&mapping);
	rcu_end_all();
	mm_exit(mm);
}
END_TEST

/* --- replacement --- */

#define SOME	5

static int replace(struct mm_struct *mm, enum pgtable_replace what)
{
	return pgtable_replace_range(mm, 0, -1UL, what);
}

static void replaced(struct mm_struct *mm, enum pgtable_replace what)
{
	int rc = replace(mm, what);

	must(!rc, "returned %d", rc);
}

/* SOME segments, a VMA and a table each; one VMA with a file for a segment without table. */
static struct mm_struct *space_of_some(enum pgtable_kind kind)
{
	struct mm_struct *mm = space_new(kind == PGTABLE_PGSTE);
	unsigned int i;

	for (i = 0; i <= SOME; i++)
		space_map(mm, i * PMD_SIZE, (i + 1) * PMD_SIZE, 0, true, false);
	for (i = 0; i < SOME; i++)
		space_table(mm, i)[i] = (u64)i << 32 | _PAGE_INVALID;
	return mm;
}

static void tables_are(struct mm_struct *mm, unsigned int but, enum pgtable_kind kind)
{
	for (unsigned int i = 0; i < SOME; i++) {
		u64 *table = space_table_now(mm, i);

		if (i == but)
			continue;
		must(table, "no table in segment %u", i);
		must(pgtable_page_kind(virt_to_page(table)) == kind, "kind of segment %u", i);
		must(table[i] == ((u64)i << 32 | _PAGE_INVALID), "segment %u: %#llx", i, table[i]);
	}
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

/* What happens when the product has looked at segment entries so often. */
static struct mm_struct *seen;
static unsigned int looks, over;

static bool not_yet(void)
{
	if (--looks)
		return true;
	standin_looked = NULL;
	return false;
}

/* As khugepaged does it, which needs a reverse-map lock, but neither mmap lock nor VMA lock. */
static void retract_segment_2(void)
{
	u64 *table;

	if (not_yet())
		return;
	table = space_table_now(seen, 2);
	table[2] = _PAGE_INVALID;
	seen->segments[2] = __pmd(_SEGMENT_ENTRY_EMPTY);
	table_free(seen, table, FREE_DEFERRED);
	if (over)
		rcu_end_all();
}

/* In a process without a VM: others are left alone. The grace period can be over soon, or late. */
START_TEST(a_table_that_is_retracted_meanwhile_is_left_out)
{
	for (unsigned int i = 0; i < 4; i++) {
		enum pgtable_kind kind = i & 1;
		unsigned int n, pages;

		over = i & 2;
		for (n = 1; ; n++) {
			unsigned long before = pgtable_replaced(PGTABLE_RELOCATE), count;
			struct mm_struct *mm = space_of_some(kind);
			unsigned int happened;

			seen = mm, looks = n;
			standin_looked = retract_segment_2;
			replaced(mm, PGTABLE_RELOCATE);
			happened = !standin_looked;
			standin_looked = NULL;
			count = pgtable_replaced(PGTABLE_RELOCATE) - before;
			must(count == SOME - happened, "look %u: %lu tables replaced", n, count);
			must((space_table_now(mm, 2) == NULL) == happened, "look %u: segment 2", n);
			tables_are(mm, happened ? 2 : SOME, kind);
			must(rcu_pending() == (happened && !over), "%u pending", rcu_pending());
			rcu_end_all();
			/* None has a table to spare. */
			pages = kind == PGTABLE_PGSTE ? SOME - happened : (SOME + 1) / 2;
			must(pages_in_use() >= pages && pages_in_use() <= SOME - happened,
			     "look %u: %u pages for %u tables", n, pages_in_use(), SOME - happened);
			space_exit(mm);
			nothing_left();
			if (!happened)
				break;
		}
		must(n > 2 * SOME, "only %u looks", n - 1);
	}
}
END_TEST

/* --- page faults under the lock of a VMA --- */

static unsigned int ended[SOME + 1];

static void count_end(struct vm_area_struct *vma)
{
	ended[vma->vm_start >> PMD_SHIFT]++;
}

/* The fault that has found segment 5 empty. */
static void populate_segment_5(void)
{
	if (!not_yet())
		space_table(seen, SOME)[SOME] = (u64)SOME << 32 | _PAGE_INVALID;
}

/* Nobody is kept away from it: if a table comes after the look at it, it stays as it is. */
START_TEST(an_empty_segment_is_left_out_by_its_one_read)
{
	for (enum pgtable_kind kind = PGTABLE_2K; kind <= PGTABLE_PGSTE; kind++) {
		enum pgtable_replace what = kind ? PGTABLE_RELOCATE : PGTABLE_PROMOTE;
		unsigned int n;

		for (n = 1; ; n++) {
			unsigned long before = pgtable_replaced(what), count;
			struct mm_struct *mm = space_of_some(kind);
			bool happened;

			memset(ended, 0, sizeof(ended));
			seen = mm, looks = n;
			standin_looked = populate_segment_5;
			standin_fault_ends = count_end;
			replaced(mm, what);
			happened = !standin_looked;
			standin_looked = NULL;
			count = pgtable_replaced(what) - before;
			must(count == SOME + ended[SOME], "look %u: %lu tables, %u locks", n, count,
			     ended[SOME]);
			must(happened || !ended[SOME], "the VMA of an empty segment was locked");
			tables_are(mm, SOME, PGTABLE_PGSTE);
			space_exit(mm);
			if (!happened)
				break;
		}
		must(n > 2 * SOME, "only %u looks", n - 1);
	}
}
END_TEST

/* Under the lock of the last VMA of the segment, and the last thing that it does. */
static void split_segment_0(struct vm_area_struct *vma)
{
	if (vma->vm_end != PMD_SIZE || !pmd_leaf(vma->vm_mm->segments[0]))
		return;
	vma->vm_mm->segments[0] = __pmd(_SEGMENT_ENTRY_EMPTY);
	space_table(vma->vm_mm, 0)[200] = 0x5a000 | _PAGE_INVALID;
}

START_TEST(a_segment_is_read_when_the_faults_of_all_its_vmas_have_ended)
{
	for (unsigned int what = 0; what < 2; what++) {
		struct mm_struct *mm = space_new(false);
		unsigned long end, before;
		u64 *table;

		for (end = 1; end <= 4; end++)
			space_map(mm, (end - 1) * PMD_SIZE / 4, end * PMD_SIZE / 4, 0, end & 1, true);
		space_huge(mm, 0);
		standin_fault_ends = split_segment_0;
		before = pgtable_replaced(what ? PGTABLE_RELOCATE : PGTABLE_PROMOTE);
		replaced(mm, what ? PGTABLE_RELOCATE : PGTABLE_PROMOTE);
		must(pgtable_replaced(what ? PGTABLE_RELOCATE : PGTABLE_PROMOTE) - before == 1,
		     "the table that was made at last is not replaced");
		table = space_table_now(mm, 0);
		must(table && table[200] == (0x5a000 | _PAGE_INVALID), "what the fault did is lost");
		space_exit(mm);
	}
}
END_TEST

/* It has decided, when there was a VM, for a table with PGSTEs in the empty segment. */
static void fault_in_empty_segment(struct vm_area_struct *vma)
{
	unsigned int segment = vma->vm_start >> PMD_SHIFT;
	unsigned long *table;

	if (segment % 2 || ended[segment / 2]++)
		return;
	table = page_table_alloc_kind(vma->vm_mm, PGTABLE_PGSTE);
	vma->vm_mm->segments[segment] = __pmd((unsigned long)table);
}

/* Every other VMA has no table yet, but a fault that makes one. */
START_TEST(no_fault_puts_a_table_with_pgstes_behind_demotion)
{
	struct mm_struct *mm = space_new(false);
	unsigned int i;

	memset(ended, 0, sizeof(ended));
	gmap_promotes = 1;
	for (i = 0; i < 2 * SOME; i++) {
		space_map(mm, i * PMD_SIZE, (i + 1) * PMD_SIZE, 0, false, true);
		if (i % 2)
			space_table(mm, i);
	}
	gmap_start_mm(mm);
	must(!gmap_promote(mm, 0, SEGMENTS * PMD_SIZE), "not promoted");
	gmap_stop_mm(mm);
	standin_fault_ends = fault_in_empty_segment;
	must(work_run() == 1, "no demotion");
	standin_fault_ends = NULL;
	/* Those that nobody has waited for end now. */
	for (i = 0; i < 2 * SOME; i++)
		fault_in_empty_segment(mm->vmas[i]);
	must(mm_pgste_mode(mm) == MM_PGSTE_NONE, "mode %d", mm_pgste_mode(mm));
	for (i = 0; i < 2 * SOME; i++)
		must(pgtable_page_kind(virt_to_page(space_table_now(mm, i))) == PGTABLE_2K,
		     "segment %u has PGSTEs in mode none", i);
	space_exit(mm);
	pgste_in_use.enabled = false;
}
END_TEST

/* There can be many VMAs: not with each batch. */
START_TEST(demotion_waits_once_for_the_faults_of_the_whole_process)
{
	struct mm_struct *mm = space_new(true);
	unsigned int i;

	memset(ended, 0, sizeof(ended));
	space_map(mm, 0, PMD_SIZE, 0, false, true);
	space_map(mm, PMD_SIZE, SEGMENTS * PMD_SIZE, 0, false, true);
	for (i = 1; i < 3 * PGTABLE_REPLACE_BATCH; i++)
		space_table(mm, i);
	mm->context.alloc_pgste = 0;
	atomic_inc(&mm->mm_users);
	standin_fault_ends = count_end;
	replaced(mm, PGTABLE_DEMOTE);
	must(ended[0] == 1, "%u times", ended[0]);
	must(ended[1] >= 3, "%u batches", ended[1]);
	mmput(mm);
	space_exit(mm);
}
END_TEST

static unsigned int in_a_piece, most, whole;

static void count_in_piece(struct vm_area_struct *vma)
{
	in_a_piece++;
	whole++;
}

static void end_piece(struct mm_struct *mm)
{
	most = in_a_piece > most ? in_a_piece : most;
	in_a_piece = 0;
}

/* With the mmap lock held for so many VMAs at a time. */
START_TEST(demotion_waits_for_the_faults_of_many_vmas_in_pieces)
{
	struct mm_struct *mm = space_new(true);
	const unsigned int vmas = PGTABLE_REPLACE_LOOKS + 10;

	in_a_piece = most = whole = 0;
	for (unsigned int i = 0; i < vmas; i++)
		space_map(mm, i * PAGE_SIZE, (i + 1) * PAGE_SIZE, 0, false, false);
	mm->context.alloc_pgste = 0;
	atomic_inc(&mm->mm_users);
	standin_fault_ends = count_in_piece;
	standin_unlocked = end_piece;
	replaced(mm, PGTABLE_DEMOTE);
	standin_unlocked = NULL;
	must(whole == vmas, "%u of %u VMAs", whole, vmas);
	must(most == PGTABLE_REPLACE_LOOKS, "%u VMAs at a time", most);
	mmput(mm);
	space_exit(mm);
}
END_TEST

/* --- cgroups --- */

static struct mem_cgroup caller, process;

static struct mem_cgroup *active(void)
{
	struct mem_cgroup *memcg = set_active_memcg(NULL);

	set_active_memcg(memcg);
	return memcg;
}

/* Each allocation fails once; another process, or a worker, is the caller. */
START_TEST(new_tables_are_charged_to_the_cgroup_of_their_process)
{
	for (enum pgtable_replace what = PGTABLE_PROMOTE; what <= PGTABLE_DEMOTE; what++) {
		enum pgtable_kind kind = what == PGTABLE_DEMOTE ? PGTABLE_PGSTE : PGTABLE_2K;
		bool failed = true;

		for (unsigned int n = 1; failed; n++) {
			struct mm_struct *mm = space_of_some(kind);

			mm->memcg = &process;
			mm->context.alloc_pgste = 0;
			atomic_inc(&mm->mm_users);
			set_active_memcg(&caller);
			fault_at(FAULT_ANY, n);
			replace(mm, what);
			failed = fault_happened();
			must(active() == &caller, "the caller allocates for %p",
			     (void *)active());
			must(!process.references && !caller.references, "%u references left",
			     process.references);
			for (unsigned int i = 0; i < SOME; i++) {
				struct page *page = virt_to_page(space_table_now(mm, i));

				must(page->memcg == (pgtable_page_kind(page) == kind ?
						     &standin_memcg : &process),
				     "table %u is charged to %p", i, (void *)page->memcg);
			}
			set_active_memcg(NULL);
			mmput(mm);
			space_exit(mm);
		}
	}
}
END_TEST

START_TEST(without_cgroups_there_is_nothing_to_give_back)
{
	struct mm_struct *mm = space_of_some(PGTABLE_2K);

	replaced(mm, PGTABLE_PROMOTE);
	must(!active(), "allocates for %p", (void *)active());
	space_exit(mm);
}
END_TEST

START_TEST(tables_of_a_process_are_charged_those_of_the_kernel_are_not)
{
	struct mm_struct *mm = mm_new(true), *kernel = &init_mm;
	struct page *shadow = page_table_alloc_pgste(mm);
	void *table = table_alloc(mm), *of_kernel;

	pthread_mutex_init(&kernel->context.lock.mutex, NULL);
	kernel->context.pgtable_list.next = &kernel->context.pgtable_list;
	kernel->context.pgtable_list.prev = &kernel->context.pgtable_list;
	of_kernel = table_alloc(kernel);
	must(virt_to_page(table)->memcg == &standin_memcg, "a table is not charged");
	must(shadow->memcg == &standin_memcg, "a shadow table is not charged");
	must(!virt_to_page(of_kernel)->memcg, "a table of the kernel is charged");
	page_table_free_pgste(shadow);
	table_free(mm, table, FREE_NOW);
	table_free(kernel, of_kernel, FREE_NOW);
	mm_exit(mm);
}
END_TEST

TCase *series_tests(void)
{
	TCase *tests = tcase_create("6.12");

	tcase_add_test(tests, kind_idle_and_linked_survive_each_other_and_go_with_the_type);
	tcase_add_test(tests, a_deferred_half_is_not_handed_out_and_stays_as_it_is_for_a_grace_period);
	tcase_add_test(tests, both_halves_of_a_page_can_be_deferred_at_the_same_time);
	tcase_add_test(tests, a_deferred_table_with_pgstes_keeps_its_kind_for_a_grace_period);
	tcase_add_test(tests, without_memory_to_defer_it_the_grace_period_is_waited_for);
	tcase_add_test(tests, a_table_can_be_deferred_with_a_reverse_map_lock_held);
	tcase_add_test(tests, promotion_keeps_the_zero_page);
	tcase_add_test(tests, a_table_that_is_retracted_meanwhile_is_left_out);
	tcase_add_test(tests, an_empty_segment_is_left_out_by_its_one_read);
	tcase_add_test(tests, a_segment_is_read_when_the_faults_of_all_its_vmas_have_ended);
	tcase_add_test(tests, no_fault_puts_a_table_with_pgstes_behind_demotion);
	tcase_add_test(tests, demotion_waits_once_for_the_faults_of_the_whole_process);
	tcase_add_test(tests, demotion_waits_for_the_faults_of_many_vmas_in_pieces);
	tcase_add_test(tests, new_tables_are_charged_to_the_cgroup_of_their_process);
	tcase_add_test(tests, without_cgroups_there_is_nothing_to_give_back);
	tcase_add_test(tests, tables_of_a_process_are_charged_those_of_the_kernel_are_not);
	return tests;
}
