// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that allocate, write, free and ask, with grace periods ended by other
 * threads, a pfn walker and a reverse-map walker at large: on an mm each, and
 * all on one mm. In every other round a VM is created half-way. UNIT_OPS sets
 * the operations per thread and round.
 */

#include <time.h>
#include "unit.h"

#define WORKERS		3
#define ENDERS		2
#define TABLES		24	/* per worker */
#define ROUNDS		6
#define MAX_PENDING	1000

struct process {
	struct mm_struct *mm;
	/* What the mmap lock of the kernel is for. */
	pthread_rwlock_t mmap_lock;
	/* From before the VM, for the reverse-map walker. */
	void *old_table;
};

struct worker {
	pthread_t thread;
	struct process *process;
	unsigned int nr;
	u64 *table[TABLES];
	u64 seed;
};

static bool stop;
/* Operations per worker; done by all workers in this round. */
static unsigned int ops, done;

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
}

/* An entry that no other thread writes. */
static u64 mark(const struct worker *w, unsigned int slot)
{
	return (u64)(w->nr + 1) << 32 | slot << 16;
}

static void worker_alloc(struct worker *w, unsigned int slot)
{
	struct process *p = w->process;
	enum pgtable_kind want;
	u64 *table;
	unsigned int i;

	if (random_below(&w->seed, 16) == 0)
		fault_at(FAULT_PAGE | FAULT_CTOR, 1);
	pthread_rwlock_rdlock(&p->mmap_lock);
	want = p->mm->context.alloc_pgste ? PGTABLE_PGSTE : PGTABLE_2K;
	table = (u64 *)page_table_alloc(p->mm);
	pthread_rwlock_unlock(&p->mmap_lock);
	if (fault_happened()) {
		must(!table, "a table in spite of a failure");
		return;
	}
	must(table, "no table");
	must(pgtable_kind((pte_t *)table) == want, "kind %d, not %d",
	     pgtable_kind((pte_t *)table), want);
	for (i = 0; i < PTRS_PER_PTE; i++) {
		must(table[i] == _PAGE_INVALID, "new table has entry %u: %016llx", i, table[i]);
		table[i] = mark(w, slot);
	}
	w->table[slot] = table;
}

static void worker_free(struct worker *w, unsigned int slot, enum way way)
{
	u64 *table = w->table[slot];
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++) {
		must(table[i] == mark(w, slot), "entry %u is of somebody else: %016llx", i,
		     table[i]);
		table[i] = _PAGE_INVALID;
	}
	w->table[slot] = NULL;
	pthread_rwlock_rdlock(&w->process->mmap_lock);
	table_free(w->process->mm, table, way);
	pthread_rwlock_unlock(&w->process->mmap_lock);
	/* Those whose job it is may be slow on a busy machine. */
	if (rcu_pending() > MAX_PENDING)
		rcu_end(0);
}

/* Under the page table lock, so to speak: nobody frees the table meanwhile. */
static void worker_ask(struct worker *w, unsigned int slot)
{
	const pte_t *ptep = (pte_t *)w->table[slot] + slot;
	bool has = ptep_has_pgste(w->process->mm, ptep);

	/* A table with PGSTEs was made after the VM: they are in use. */
	must(has == (pgtable_kind(ptep) == PGTABLE_PGSTE), "kind %d: has PGSTE: %d",
	     pgtable_kind(ptep), has);
}

static void *worker(void *arg)
{
	struct worker *w = arg;
	unsigned int op, slot;

	this_cpu = w->nr;
	unsettled = true;
	for (op = 0; op < ops; op++) {
		slot = random_below(&w->seed, TABLES);
		if (!w->table[slot])
			worker_alloc(w, slot);
		else if (random_below(&w->seed, 3))
			worker_free(w, slot, random_below(&w->seed, 3) ?
				    FREE_RCU + random_below(&w->seed, WAYS - 1) : FREE_NOW);
		else
			worker_ask(w, slot);
		__atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
	}
	for (slot = 0; slot < TABLES; slot++)
		if (w->table[slot])
			worker_free(w, slot, FREE_RCU);
	return NULL;
}

static void *ender(void *arg)
{
	(void)arg;
	this_cpu = NR_CPUS - 1;
	while (!READ_ONCE(stop))
		if (!rcu_end(0))
			rest();
	return NULL;
}

static void *pfn_walker(void *arg)
{
	unsigned int nr;

	(void)arg;
	while (!READ_ONCE(stop)) {
		for (nr = 0; nr < WORKERS * TABLES; nr++) {
			if (!page_get(pool_page(nr)))
				continue;
			pgtable_pages(nr % 2);
			page_put(pool_page(nr));
		}
		rest();
	}
	return NULL;
}

/* Knows the old table and takes no mmap lock: sees the VM come at any moment. */
static void *rmap_walker(void *arg)
{
	struct process *p = arg;
	unsigned int i;

	do {
		for (i = 0; i < 100; i++)
			must(!ptep_has_pgste(p->mm, p->old_table), "a 2K table has PGSTEs");
		rest();
	} while (!READ_ONCE(stop));
	return NULL;
}

/* Half-way through the round. */
static void *creator(void *arg)
{
	struct process *p = arg;

	while (READ_ONCE(done) < ops * WORKERS / 2)
		rest();
	pthread_rwlock_wrlock(&p->mmap_lock);
	mm_create_vm(p->mm);
	pthread_rwlock_unlock(&p->mmap_lock);
	return NULL;
}

static pthread_t start(void *(*what)(void *), void *arg)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, what, arg), "no thread to be had");
	return thread;
}

/* All workers on one process, or each on its own; the VM is in the last one. */
static void one_round(struct process *process, unsigned int processes, unsigned int nr)
{
	struct process *last = &process[processes - 1];
	pthread_t other[ENDERS + 3];
	struct worker w[WORKERS];
	unsigned int i, others = 0;

	WRITE_ONCE(stop, false);
	WRITE_ONCE(done, 0);
	for (i = 0; i < processes; i++) {
		process[i].mm = mm_new(false);
		pthread_rwlock_init(&process[i].mmap_lock, NULL);
	}
	last->old_table = table_alloc(last->mm);

	for (i = 0; i < ENDERS; i++)
		other[others++] = start(ender, NULL);
	other[others++] = start(pfn_walker, NULL);
	other[others++] = start(rmap_walker, last);
	if (nr % 2)
		other[others++] = start(creator, last);
	for (i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){
			.process = &process[i % processes], .nr = i, .seed = nr * WORKERS + i,
		};
		w[i].thread = start(worker, &w[i]);
	}

	for (i = 0; i < WORKERS; i++)
		pthread_join(w[i].thread, NULL);
	WRITE_ONCE(stop, true);
	while (others--)
		pthread_join(other[others], NULL);

	table_free(last->mm, last->old_table, FREE_RCU);
	for (i = 0; i < processes; i++) {
		mm_exit(process[i].mm);
		pthread_rwlock_destroy(&process[i].mmap_lock);
	}
	rcu_end_all();
	nothing_left();
}

START_TEST(threads_on_an_mm_each_leave_nothing_behind)
{
	struct process process[WORKERS];
	unsigned int nr;

	ops = steps("UNIT_OPS", 40000);
	for (nr = 0; nr < ROUNDS; nr++)
		one_round(process, WORKERS, nr);
}
END_TEST

START_TEST(threads_on_one_mm_never_share_a_table_and_leave_nothing_behind)
{
	struct process process;
	unsigned int nr;

	ops = steps("UNIT_OPS", 40000);
	for (nr = 0; nr < ROUNDS; nr++)
		one_round(&process, 1, nr);
}
END_TEST

#define PAIRS		2000

struct end_of_halves {
	void *waiting[PAIRS];
	unsigned int at;
	struct end_of_halves *other;
};

/* In step with the other thread, so that both come to each page at once. */
static void *end_halves(void *arg)
{
	struct end_of_halves *mine = arg;
	unsigned int i, spins;

	for (i = 0; i < PAIRS; i++) {
		WRITE_ONCE(mine->at, i + 1);
		for (spins = 0; READ_ONCE(mine->other->at) <= i; spins++)
			if (spins > 1000)
				rest();
		__tlb_remove_table(mine->waiting[i]);
	}
	return NULL;
}

/* [W W] -> nothing, many times */
START_TEST(grace_periods_of_both_halves_that_end_at_once_release_the_page_once)
{
	struct mm_struct *mm = mm_new(false);
	static struct end_of_halves half[2];
	pthread_t thread;
	void *table, *pair[2];
	unsigned int i;

	half[0].other = &half[1];
	half[1].other = &half[0];
	for (i = 0; i < PAIRS; i++) {
		pair[0] = table_alloc(mm);
		pair[1] = table_alloc(mm);
		table_free(mm, pair[0], FREE_RCU);
		table_free(mm, pair[1], FREE_RCU);
		while ((table = rcu_take(0)))
			half[is_upper(table)].waiting[i] = table;
	}
	mm_exit(mm);
	thread = start(end_halves, &half[0]);
	end_halves(&half[1]);
	pthread_join(thread, NULL);
}
END_TEST

TCase *thread_tests(void)
{
	TCase *tests = tcase_create("threads");

	tcase_add_test(tests, grace_periods_of_both_halves_that_end_at_once_release_the_page_once);
	tcase_add_test(tests, threads_on_an_mm_each_leave_nothing_behind);
	tcase_add_test(tests, threads_on_one_mm_never_share_a_table_and_leave_nothing_behind);
	tcase_set_timeout(tests, 120);
	return tests;
}
