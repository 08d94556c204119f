// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs pgmix-bench: runs an operation on a page table entry of the calling
 * process many times, with interrupts off, and says how long that took. For
 * `make bench`, which knows what to make of it (docs/bench.md).
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/gmap.h>
#include <asm/timex.h>
#include <asm/tlbflush.h>
#ifdef CONFIG_PGSTE_MIXED
#include <asm/gmap_admission.h>
#include <asm/pgste.h>
#include <asm/pgtable_replace.h>
#endif
#include "bench.h"

/* What an operation works on. @entry is the PTE of the page: present, young, dirty, writable. */
struct bench_args {
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	unsigned long addr;
	pte_t *ptep;
	pte_t entry;
};

typedef unsigned long bench_fn(const struct bench_args *a);

/*
 * Around an operation is what a caller that works on many entries has anyway: a stack
 * frame, and all arguments in registers that a call preserves. It is the same around
 * "nothing". @value: what the caller looks at.
 */
#define BENCH_VALUE(name, value)						\
static noinline unsigned long bench_##name(const struct bench_args *a)		\
{										\
	struct vm_area_struct *vma = a->vma;					\
	unsigned long addr = a->addr, entry_val = pte_val(a->entry);		\
	unsigned long frame, result;						\
	struct mm_struct *mm = a->mm;						\
	pte_t *ptep = a->ptep, entry;						\
										\
	asm volatile("" : "=Q" (frame), "+d" (vma), "+d" (mm), "+d" (addr),	\
		     "+d" (ptep), "+d" (entry_val) : : "r14");			\
	entry = __pte(entry_val);						\
	result = value;								\
	asm volatile("" : : "Q" (frame), "d" (vma), "d" (mm), "d" (addr),	\
		     "d" (ptep), "d" (pte_val(entry)));				\
	return result;								\
}

#define BENCH_OP(name, ...)	BENCH_VALUE(name, ({ __VA_ARGS__ 0; }))

BENCH_OP(nothing,
	barrier();
)
/* Known costs, to see that the clock counts instructions. */
BENCH_OP(known_1,
	asm volatile("nopr");
)
BENCH_OP(known_100,
	asm volatile(".rept 100\n\tnopr\n\t.endr");
)
BENCH_OP(set_pte_at,
	set_pte_at(mm, addr, ptep, entry);
)
#define BENCH_BATCH	16
#ifdef set_ptes		/* from Linux 6.6 on */
BENCH_OP(set_ptes_16,
	set_ptes(mm, addr, ptep, entry, BENCH_BATCH);
)
#endif
BENCH_VALUE(get_and_clear,
	pte_val(ptep_get_and_clear(mm, addr, ptep))
)
BENCH_VALUE(get_and_clear_empty,
	pte_val(ptep_get_and_clear(mm, addr, ptep))
)
BENCH_VALUE(get_and_clear_full,
	pte_val(ptep_get_and_clear_full(mm, addr, ptep, 1))
)
BENCH_VALUE(get_and_clear_not_full,
	pte_val(ptep_get_and_clear_full(mm, addr, ptep, 0))
)
BENCH_VALUE(clear_flush,
	pte_val(ptep_clear_flush(vma, addr, ptep))
)
BENCH_OP(set_wrprotect,
	ptep_set_wrprotect(mm, addr, ptep);
)
BENCH_VALUE(set_access_flags,
	ptep_set_access_flags(vma, addr, ptep, entry, 1)
)
BENCH_VALUE(set_access_flags_old,
	ptep_set_access_flags(vma, addr, ptep, entry, 1)
)
BENCH_VALUE(test_and_clear_young,
	ptep_test_and_clear_young(vma, addr, ptep)
)
BENCH_VALUE(clear_young_flush,
	ptep_clear_flush_young(vma, addr, ptep)
)
BENCH_OP(modify_prot,
	ptep_modify_prot_commit(vma, addr, ptep,
				ptep_modify_prot_start(vma, addr, ptep), entry);
)

/* What the entry is before each operation. */
enum bench_before { MAPPED, OLD, CLEAN, EMPTY };

static const struct {
	const char *name;
	bench_fn *fn;
	enum bench_before before;
} ops[] = {
#define OP(name, before) { #name, bench_##name, before }
	OP(nothing, MAPPED),
	OP(known_1, MAPPED),
	OP(known_100, MAPPED),
	OP(set_pte_at, EMPTY),
#ifdef set_ptes
	OP(set_ptes_16, EMPTY),
#endif
	OP(get_and_clear, MAPPED),
	OP(get_and_clear_empty, EMPTY),
	OP(get_and_clear_full, MAPPED),
	OP(get_and_clear_not_full, MAPPED),
	OP(clear_flush, MAPPED),
	OP(set_wrprotect, MAPPED),
	OP(set_access_flags, CLEAN),
	OP(set_access_flags_old, OLD),
	OP(test_and_clear_young, MAPPED),
	OP(clear_young_flush, MAPPED),
	OP(modify_prot, MAPPED),
#undef OP
};

static noinline u64 bench_loop(bench_fn *fn, const struct bench_args *a, pte_t before,
			       unsigned int count, unsigned long plant)
{
	u64 start = get_tod_clock_fast();

	while (count--) {
		WRITE_ONCE(*a->ptep, before);
		/* One instruction more if something is planted. */
		asm volatile(
			"	ltgr	%0,%0\n"
			"	jz	0f\n"
			"	nopr\n"
			"0:\n"
			: : "d" (plant) : "cc");
		fn(a);
	}
	return get_tod_clock_fast() - start;
}

static enum bench_table table_of(struct mm_struct *mm, pte_t *ptep)
{
	if ((unsigned long)ptep & (PAGE_SIZE / 2))
		return BENCH_TABLE_2K_UPPER;
#ifdef CONFIG_PGSTE_MIXED
	return pgtable_kind(ptep) == PGTABLE_PGSTE ? BENCH_TABLE_PGSTE : BENCH_TABLE_2K_LOWER;
#elif defined(CONFIG_PGSTE)
	return mm->context.alloc_pgste ? BENCH_TABLE_PGSTE : BENCH_TABLE_2K_LOWER;
#else
	return BENCH_TABLE_2K_LOWER;
#endif
}

static int bench_on_entry(struct bench_run *run, struct vm_area_struct *vma, int op)
{
	struct bench_args a = { .vma = vma, .mm = vma->vm_mm, .addr = run->addr };
	pte_t *ptep, saved[BENCH_BATCH], entry, before;
	struct mm_struct *mm = vma->vm_mm;
	spinlock_t *ptl;
	int rc = -EFAULT;

	if (pte_index(run->addr) > PTRS_PER_PTE - BENCH_BATCH)
		return -EINVAL;
	ptep = get_locked_pte(mm, run->addr, &ptl);
	if (!ptep)
		return -ENOMEM;
	memcpy(saved, ptep, sizeof(saved));
	if (!pte_present(*ptep) || !pte_write(*ptep))
		goto unlock;
	run->table = table_of(mm, ptep);
	entry = pte_mkyoung(pte_mkdirty(*ptep));
	switch (ops[op].before) {
	case MAPPED:
		before = entry;
		break;
	case OLD:
		before = pte_mkold(entry);
		break;
	case CLEAN:
		before = pte_mkclean(entry);
		break;
	case EMPTY:
		before = __pte(_PAGE_INVALID);
		break;
	}
	a.ptep = ptep;
	a.entry = entry;
	local_irq_disable();
	run->ticks = bench_loop(ops[op].fn, &a, before, run->count, run->plant);
	memcpy(ptep, saved, sizeof(saved));
	local_irq_enable();
	rc = 0;
unlock:
	pte_unmap_unlock(ptep, ptl);
	/* Whatever the operations left for later. */
	__tlb_flush_mm(mm);
	return rc;
}

static long bench_run(struct bench_run *run)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int op, rc = -EFAULT;

	run->op[sizeof(run->op) - 1] = 0;
	for (op = 0; op < ARRAY_SIZE(ops); op++) {
		if (!strcmp(ops[op].name, run->op))
			break;
	}
	if (op == ARRAY_SIZE(ops))
		return -ENOENT;
	if (!run->count || run->count > BENCH_COUNT_MAX)
		return -EINVAL;
	run->addr &= PAGE_MASK;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, run->addr);
	if (vma)
		rc = bench_on_entry(run, vma, op);
	mmap_read_unlock(mm);
	return rc;
}

static long bench_guest(void)
{
#ifdef CONFIG_PGSTE_MIXED
	gmap_start_mm(current->mm);
	return 0;
#elif defined(CONFIG_PGSTE)
	return s390_enable_sie();
#else
	return -EOPNOTSUPP;
#endif
}

static long bench_replace(struct bench_replace *replace)
{
#ifdef CONFIG_PGSTE_MIXED
	struct mm_struct *mm = current->mm;
	long rc;
	u64 start;

	/* The VM need not be gone for that: there is none. */
	if (replace->what == PGTABLE_DEMOTE) {
		mmap_write_lock(mm);
		mm->context.alloc_pgste = 0;
		mmap_write_unlock(mm);
	}
	start = get_tod_clock_fast();
	rc = pgtable_replace_range(mm, replace->start, replace->end, replace->what);
	replace->ticks = get_tod_clock_fast() - start;
	if (replace->what == PGTABLE_DEMOTE) {
		mmap_write_lock(mm);
		mm->context.alloc_pgste = 1;
		mmap_write_unlock(mm);
	}
	return rc;
#else
	return -EOPNOTSUPP;
#endif
}

#ifdef CONFIG_PGSTE
static void bench_notifier_call(struct gmap *gmap, unsigned long start, unsigned long end)
{
}

static struct gmap_notifier bench_notifier = { .notifier_call = bench_notifier_call };

static long bench_keys(void)
{
	return s390_enable_skey();
}

static long bench_arm(struct file *file, const struct bench_range *range)
{
	struct gmap *gmap = file->private_data;
	int rc;

	if (!gmap) {
		gmap = gmap_create(current->mm, -1UL);
		if (!gmap)
			return -ENOMEM;
		rc = gmap_map_segment(gmap, range->start, 0, range->len);
		if (rc) {
			gmap_remove(gmap);
			return rc;
		}
		/* The file is closed after the process has given up its address space. */
		mmgrab(gmap->mm);
		file->private_data = gmap;
	}
	return gmap_mprotect_notify(gmap, 0, range->len, PROT_WRITE);
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct gmap *gmap = file->private_data;
	struct mm_struct *mm;

	if (gmap) {
		mm = gmap->mm;
		gmap_remove(gmap);
		mmdrop(mm);
	}
	return 0;
}
#else
static long bench_keys(void)
{
	return -EOPNOTSUPP;
}

static long bench_arm(struct file *file, const struct bench_range *range)
{
	return -EOPNOTSUPP;
}

static int bench_release(struct inode *inode, struct file *file)
{
	return 0;
}
#endif

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct bench_replace replace;
	struct bench_range range;
	struct bench_run run;
	long rc;

	if (cmd == BENCH_GUEST)
		return bench_guest();
	if (cmd == BENCH_KEYS)
		return bench_keys();
	if (cmd == BENCH_ARM)
		return copy_from_user(&range, user, sizeof(range)) ? -EFAULT : bench_arm(file, &range);
	if (cmd == BENCH_REPLACE) {
		if (copy_from_user(&replace, user, sizeof(replace)))
			return -EFAULT;
		rc = bench_replace(&replace);
		if (!rc && copy_to_user(user, &replace, sizeof(replace)))
			rc = -EFAULT;
		return rc;
	}
	if (cmd != BENCH_RUN && cmd != BENCH_NAME)
		return -ENOTTY;
	if (copy_from_user(&run, user, sizeof(run)))
		return -EFAULT;
	if (cmd == BENCH_RUN) {
		rc = bench_run(&run);
	} else {
		rc = run.count < ARRAY_SIZE(ops) ? 0 : -ENOENT;
		if (!rc)
			strscpy(run.op, ops[run.count].name, sizeof(run.op));
	}
	if (!rc && copy_to_user(user, &run, sizeof(run)))
		rc = -EFAULT;
	return rc;
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.open		= nonseekable_open,
	.unlocked_ioctl	= bench_ioctl,
	.release	= bench_release,
};

static int __init bench_init(void)
{
#ifdef CONFIG_PGSTE
	gmap_register_pte_notifier(&bench_notifier);
#endif
	debugfs_create_file("pgmix-bench", 0600, NULL, NULL, &bench_fops);
	return 0;
}
late_initcall(bench_init);
