// SPDX-License-Identifier: GPL-2.0
/*
 * Random sequences of everything that can happen to page tables, against a
 * model that knows each time which page and half must come out, and where each
 * page stands on the list of its mm. UNIT_STEPS sets the steps per sequence.
 */

#include <string.h>
#include "unit.h"

#define MMS		4
#define MAX_TABLES	96	/* per mm */
#define MAX_SHADOWS	16
#define MAX_HELD	8
#define UPPER		1

enum half_state { FREE, USED, WAITING };

/* A page as the allocator must see it; owner NULL: not allocated. */
static struct model_page {
	const void *owner;
	enum pgtable_kind kind;
	enum half_state half[2];
} model[POOL_PAGES];

struct model_table {
	u64 *address;
	enum pgtable_kind kind;
	/* The entries that were made, and with what. */
	unsigned int index;
	u64 value;
};

static struct model_mm {
	struct mm_struct *mm;
	unsigned int list[MAX_TABLES], listed;
	struct model_table table[MAX_TABLES];
	unsigned int tables;
} mms[MMS];

static struct page *shadow[MAX_SHADOWS], *held[MAX_HELD];
static unsigned int shadows, holds, pages[2], pending;
static u64 seed;
static unsigned int step;

/* Where in which sequence it went wrong. */
#define right(cond, format, ...)						\
	must(cond, "step %u: " format, step, ##__VA_ARGS__)

static unsigned int choose(unsigned int below)
{
	return random_below(&seed, below);
}

/* --- the model --- */

static void list_insert(struct model_mm *m, unsigned int nr, bool tail)
{
	unsigned int at = tail ? m->listed : 0;

	memmove(&m->list[at + 1], &m->list[at], (m->listed - at) * sizeof(m->list[0]));
	m->list[at] = nr;
	m->listed++;
}

static void list_remove(struct model_mm *m, unsigned int nr)
{
	unsigned int at;

	for (at = 0; at < m->listed && m->list[at] != nr; at++)
		;
	m->listed--;
	memmove(&m->list[at], &m->list[at + 1], (m->listed - at) * sizeof(m->list[0]));
}

static void model_new(unsigned int nr, const void *owner, enum pgtable_kind kind)
{
	right(!model[nr].owner, "page %u handed out twice", nr);
	model[nr] = (struct model_page){ .owner = owner, .kind = kind };
	pages[kind]++;
}

static void model_gone(unsigned int nr)
{
	pages[model[nr].kind]--;
	model[nr].owner = NULL;
}

static void model_gone_if_empty(unsigned int nr)
{
	if (model[nr].half[0] == FREE && model[nr].half[1] == FREE)
		model_gone(nr);
}

static void model_retire(struct model_mm *m, unsigned int nr, bool half, bool delayed)
{
	model[nr].half[half] = delayed ? WAITING : FREE;
	if (model[nr].half[!half] == USED)
		list_insert(m, nr, delayed);
	else
		list_remove(m, nr);
	model_gone_if_empty(nr);
}

static unsigned int model_state(const struct model_page *p)
{
	return (p->half[0] == USED ? LOWER_USED : 0) | (p->half[1] == USED ? UPPER_USED : 0) |
	       (p->half[0] == WAITING ? LOWER_WAITING : 0) |
	       (p->half[1] == WAITING ? UPPER_WAITING : 0);
}

/* --- the allocator against the model --- */

static void check_page(unsigned int nr)
{
	const struct page *page = pool_page(nr);
	const struct model_page *p = &model[nr];
	unsigned int state = (unsigned int)atomic_read(&page->_refcount) >> 24;
	unsigned int used = (p->half[0] == USED) + (p->half[1] == USED);

	if (!p->owner) {
		right(page->page_type == ~0U, "page %u: not given back: %#x", nr, page->page_type);
		return;
	}
	right(state == model_state(p), "page %u: halves %#x, not %#x", nr, state, model_state(p));
	right(PagePgste(page) == (p->kind == PGTABLE_PGSTE), "page %u: kind changed", nr);
	right(!!page->lru.next == (p->kind == PGTABLE_2K && used == 1),
	      "page %u: listed: %d with %u halves in use", nr, !!page->lru.next, used);
	right(page->dat, "page %u: not ready for DAT", nr);
	right(pgtable_halves_in_use(page) == (p->kind == PGTABLE_PGSTE ? 1 : used),
	      "page %u: %u halves in use", nr, pgtable_halves_in_use(page));
}

static void check_sums(void)
{
	right(pgtable_pages(PGTABLE_2K) == pages[PGTABLE_2K], "%lu pages of 2K, not %u",
	      pgtable_pages(PGTABLE_2K), pages[PGTABLE_2K]);
	right(pgtable_pages(PGTABLE_PGSTE) == pages[PGTABLE_PGSTE], "%lu pages with PGSTEs, not %u",
	      pgtable_pages(PGTABLE_PGSTE), pages[PGTABLE_PGSTE]);
	right(rcu_pending() == pending, "%u pending, not %u", rcu_pending(), pending);
	right(pages_accounted() == pages[0] + pages[1] - shadows, "%u accounted, not %u",
	      pages_accounted(), pages[0] + pages[1] - shadows);
}

static void check_list(struct model_mm *m)
{
	struct list_head *entry = m->mm->context.pgtable_list.next;
	unsigned int i;

	for (i = 0; i < m->listed; i++, entry = entry->next)
		right(entry == &pool_page(m->list[i])->lru, "place %u of the list", i);
	right(entry == &m->mm->context.pgtable_list, "the list goes on after %u", m->listed);
}

static void check_all(void)
{
	unsigned int i, held_free = 0;

	for (i = 0; i < POOL_PAGES; i++)
		check_page(i);
	for (i = 0; i < MMS; i++)
		check_list(&mms[i]);
	check_sums();
	/* What a walker holds is in use until he puts it. Two can hold one page. */
	for (i = 0; i < holds; i++) {
		unsigned int j = 0;

		while (held[j] != held[i])
			j++;
		if (j == i && !model[pool_nr(held[i])].owner)
			held_free++;
	}
	right(pages_in_use() == pages[0] + pages[1] + held_free, "%u pages in use, not %u",
	      pages_in_use(), pages[0] + pages[1] + held_free);
}

/* --- what can happen --- */

static void check_empty(const u64 *table, enum pgtable_kind kind)
{
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		right(table[i] == _PAGE_INVALID, "new table: entry %u is %016llx", i, table[i]);
	for (; kind == PGTABLE_PGSTE && i < 2 * PTRS_PER_PTE; i++)
		right(!table[i], "new table: PGSTE %u is %016llx", i, table[i]);
}

static void one_alloc(struct model_mm *m)
{
	struct model_table *t = &m->table[m->tables];
	bool pgste = m->mm->context.alloc_pgste;
	unsigned int nr = m->listed ? m->list[0] : 0;
	bool half = m->listed && model[nr].half[UPPER] == FREE;
	bool listed = !pgste && m->listed && model[nr].half[half] == FREE;
	bool fault = choose(16) == 0;

	if (m->tables == MAX_TABLES)
		return;
	if (fault)
		fault_at(choose(2) ? FAULT_PAGE : FAULT_CTOR, 1);
	t->address = (u64 *)page_table_alloc(m->mm);
	if (fault && fault_happened()) {
		right(!listed, "memory needed for a half that is free");
		right(!t->address, "a table in spite of a failure");
		return;
	}
	right(t->address, "no table");
	if (listed) {
		right(t->address == (void *)((char *)page_to_virt(pool_page(nr)) + half * 2048),
		      "%p, not half %d of page %u", (void *)t->address, half, nr);
		list_remove(m, nr);
	} else {
		nr = pool_nr(virt_to_page(t->address));
		half = !pgste;
		right(is_upper(t->address) == half, "%p in a new page", (void *)t->address);
		model_new(nr, m, pgste ? PGTABLE_PGSTE : PGTABLE_2K);
		if (!pgste)
			list_insert(m, nr, false);
	}
	if (!pgste)
		model[nr].half[half] = USED;
	t->kind = pgste ? PGTABLE_PGSTE : PGTABLE_2K;
	check_empty(t->address, t->kind);
	/* Nobody else may write to what is ours. */
	t->index = choose(PTRS_PER_PTE);
	t->value = (u64)step << 12;
	t->address[t->index] = t->value;
	m->tables++;
	check_page(nr);
}

static void one_question(struct model_mm *m)
{
	bool guest = mm_pgste_mode(m->mm) != MM_PGSTE_NONE;
	const struct model_table *t;
	const pte_t *ptep;

	if (!m->tables)
		return;
	t = &m->table[choose(m->tables)];
	ptep = (const pte_t *)t->address + t->index;
	right(pgtable_kind(ptep) == t->kind, "the kind of a table changed");
	right(ptep_has_pgste(m->mm, ptep) == (guest && t->kind == PGTABLE_PGSTE),
	      "has PGSTE: %d", ptep_has_pgste(m->mm, ptep));
}

static void table_gone(struct model_mm *m, unsigned int i, enum way way)
{
	struct model_table t = m->table[i];
	unsigned int nr = pool_nr(virt_to_page(t.address)), calls = unlinked.count;
	bool delayed = way != FREE_NOW && choose(16);

	right(t.address[t.index] == t.value, "entry %u of a table in use is %016llx, not %016llx",
	      t.index, t.address[t.index], t.value);
	t.address[t.index] = _PAGE_INVALID;
	if (way != FREE_NOW && !delayed)
		fault_at(FAULT_BATCH | FAULT_KMALLOC, 1);
	table_free(m->mm, t.address, way);
	if (way != FREE_NOW && !delayed)
		right(fault_happened(), "no grace period was begun");
	calls = unlinked.count - calls;
	right(calls == (way == FREE_RCU && t.kind == PGTABLE_PGSTE), "unlinked %u times", calls);
	m->table[i] = m->table[--m->tables];
	pending += delayed;
	/* The place on the list is by the call, not by when the grace period ends. */
	if (t.kind == PGTABLE_2K) {
		model_retire(m, nr, is_upper(t.address), way != FREE_NOW);
		if (way != FREE_NOW && !delayed) {
			model[nr].half[is_upper(t.address)] = FREE;
			model_gone_if_empty(nr);
		}
	} else if (!delayed) {
		model_gone(nr);
	}
	check_page(nr);
}

static void one_free(struct model_mm *m, enum way way)
{
	if (m->tables)
		table_gone(m, choose(m->tables), way);
}

static void one_grace_period(void)
{
	unsigned int nr;
	void *table;

	if (!pending)
		return;
	table = rcu_end(choose(pending--));
	nr = pool_nr(virt_to_page(table));
	if (model[nr].kind == PGTABLE_PGSTE) {
		model_gone(nr);
	} else {
		model[nr].half[is_upper(table)] = FREE;
		model_gone_if_empty(nr);
	}
	check_page(nr);
}

static void one_shadow(void)
{
	if (shadows < MAX_SHADOWS && choose(2)) {
		struct page *page = page_table_alloc_pgste(mms[0].mm);

		right(page, "no shadow table");
		check_empty(page_to_virt(page), PGTABLE_PGSTE);
		model_new(pool_nr(page), shadow, PGTABLE_PGSTE);
		shadow[shadows++] = page;
	} else if (shadows) {
		unsigned int i = choose(shadows);

		page_table_free_pgste(shadow[i]);
		model_gone(pool_nr(shadow[i]));
		check_page(pool_nr(shadow[i]));
		shadow[i] = shadow[--shadows];
	}
}

static void one_walker(void)
{
	if (holds < MAX_HELD && choose(2)) {
		struct page *page = pool_page(choose(64));

		if (page_get(page))
			held[holds++] = page;
	} else if (holds) {
		unsigned int i = choose(holds);
		struct page *page = held[i];

		held[i] = held[--holds];
		page_put(page);
	}
}

static void one_exit(struct model_mm *m)
{
	while (m->tables)
		table_gone(m, choose(m->tables), choose(4) ? FREE_RCU : FREE_NOW);
	right(!m->listed, "the model still lists %u pages", m->listed);
	mm_exit(m->mm);
}

static void one_step(unsigned int allocs)
{
	struct model_mm *m = &mms[choose(MMS)];
	unsigned int what = choose(100), rare;

	this_cpu = choose(NR_CPUS);
	if (what < allocs) {
		one_alloc(m);
	} else if (what < 66) {
		one_free(m, choose(WAYS));
	} else if (what < 84) {
		one_grace_period();
	} else if (what < 90) {
		one_shadow();
	} else if (what < 94) {
		one_walker();
	} else {
		one_question(m);
		rare = choose(400);
		if (rare < 2 && mm_pgste_mode(m->mm) == MM_PGSTE_NONE) {
			mm_create_vm(m->mm);
		} else if (rare == 2) {
			one_exit(m);
			m->mm = mm_new(!choose(4));
		} else if (rare == 3) {
			while (pending)
				one_grace_period();
		}
	}
}

START_TEST(random_sequences_do_what_the_model_says)
{
	unsigned int i, allocs = 30, end = steps("UNIT_STEPS", 1000000);

	seed = _i + 1;
	for (i = 0; i < MMS; i++)
		mms[i].mm = mm_new(false);
	for (step = 1; step <= end; step++) {
		/* Times of growth and times of shrinking, or few lists get long. */
		if (step % 512 == 0)
			allocs = 20 + choose(30);
		one_step(allocs);
		check_sums();
		if (step % 1024 == 0)
			check_all();
	}
	check_all();
	for (i = 0; i < MMS; i++)
		one_exit(&mms[i]);
	while (pending)
		one_grace_period();
	while (shadows || holds) {
		if (shadows)
			one_shadow();
		if (holds)
			one_walker();
	}
	check_sums();
}
END_TEST

TCase *model_tests(void)
{
	TCase *tests = tcase_create("model");

	/* Four sequences, each with a seed of its own. */
	tcase_add_loop_test(tests, random_sequences_do_what_the_model_says, 0, 4);
	tcase_set_timeout(tests, 120);
	return tests;
}
