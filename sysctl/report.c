// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator sees: the sysctls, the page tables of a process by kind in
 * /proc/PID/arch_status, those of the machine in /sys/kernel/mm/pgste.
 */

#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/proc_fs.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/sysctl.h>
#include <linux/sysfs.h>
#include <asm/gmap_admission.h>
#include <asm/pgalloc.h>
#include <asm/pgste.h>
#include <asm/pgtable_replace.h>
#include <asm/vsie_shadow.h>
#include "linux.h"

/*
 * vm.alloc_pgste is a second name for vm.allocate_pgste, by which it is mostly known.
 * vm.pgste_promote says what happens to 2K tables of guest memory (gmap/mode.c).
 */
static struct ctl_table pgste_table[] = {
	{
		.procname	= "alloc_pgste",
		.data		= &page_table_allocate_pgste,
		.maxlen		= sizeof(page_table_allocate_pgste),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "pgste_promote",
		.data		= &gmap_promotes,
		.maxlen		= sizeof(gmap_promotes),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	CTL_TABLE_END
};

/* The name of the attribute and where its number comes from. */
#define PGSTE_ATTR(_name, _value)						\
static ssize_t _name##_show(struct kobject *kobj, struct kobj_attribute *attr,	\
			    char *buf)						\
{										\
	return sysfs_emit(buf, "%lu\n", (unsigned long)(_value));		\
}										\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

PGSTE_ATTR(pages_2k, pgtable_pages(PGTABLE_2K));
PGSTE_ATTR(pages_pgste, pgtable_pages(PGTABLE_PGSTE));
PGSTE_ATTR(refused, gmap_refusals());
PGSTE_ATTR(promoted, pgtable_replaced(PGTABLE_PROMOTE));
PGSTE_ATTR(demoted, pgtable_replaced(PGTABLE_DEMOTE));
PGSTE_ATTR(relocated, pgtable_replaced(PGTABLE_RELOCATE));
PGSTE_ATTR(shadows_built, atomic_long_read(&vsie_events[VSIE_SHADOW_BUILT]));
PGSTE_ATTR(shadows_reused, atomic_long_read(&vsie_events[VSIE_SHADOW_REUSED]));
PGSTE_ATTR(shadows_removed, atomic_long_read(&vsie_events[VSIE_SHADOW_REMOVED]));

static struct attribute *pgste_attrs[] = {
	&pages_2k_attr.attr,
	&pages_pgste_attr.attr,
	&refused_attr.attr,
	&promoted_attr.attr,
	&demoted_attr.attr,
	&relocated_attr.attr,
	&shadows_built_attr.attr,
	&shadows_reused_attr.attr,
	&shadows_removed_attr.attr,
	NULL,
};

static const struct attribute_group pgste_group = {
	.name	= "pgste",
	.attrs	= pgste_attrs,
};

static int __init pgste_report_init(void)
{
	/* It says so itself if it fails; without CONFIG_SYSCTL there is still the report. */
	register_sysctl("vm", pgste_table);
	return mm_kobj ? sysfs_create_group(mm_kobj, &pgste_group) : 0;
}
late_initcall(pgste_report_init);

#ifdef CONFIG_PROC_PID_ARCH_STATUS
/*
 * Pages are counted in halves: a table whose page has a second table in use counts
 * one half, any other table two. So the page is counted once in whatever order its
 * tables are found, and half if the second table is not found at all.
 */
struct table_count {
	unsigned long tables[2];
	unsigned long half_pages[2];
	unsigned long last_segment;
};

static int count_table(pmd_t *pmdp, unsigned long addr, unsigned long next,
		       struct mm_walk *walk)
{
	struct table_count *count = walk->private;
	pmd_t pmd = READ_ONCE(*pmdp);
	enum pgtable_kind kind;
	struct page *page;

	walk->action = ACTION_CONTINUE;
	/* The walk calls this once for each VMA in a segment. */
	if (count->last_segment == addr >> PMD_SHIFT)
		return 0;
	count->last_segment = addr >> PMD_SHIFT;
	if (!pmd_present(pmd) || pmd_leaf(pmd))
		return 0;
	page = virt_to_page((void *)pmd_deref(pmd));
	kind = pgtable_page_kind(page);
	count->tables[kind]++;
	count->half_pages[kind] += pgtable_halves_in_use(page) == 2 ? 1 : 2;
	return 0;
}

/* Without a test_walk() VM_PFNMAP is left out. */
static int count_every_vma(unsigned long addr, unsigned long next, struct mm_walk *walk)
{
	return 0;
}

static const struct mm_walk_ops count_table_ops = {
	.pmd_entry = count_table,
	.test_walk = count_every_vma,
};

/*
 * The lock is dropped after each piece, so that a process cannot be held up by who reads
 * about it: a piece has as many segments to look at as a batch of replacement. Tables
 * that come and go meanwhile may be counted or not.
 */
#define PIECE	(PGTABLE_REPLACE_LOOKS * PMD_SIZE)

static int count_tables(struct mm_struct *mm, struct table_count *count)
{
	unsigned long addr = 0, end = mm->context.asce_limit;
	struct vm_area_struct *vma;

	for (;;) {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		vma = find_vma(mm, addr);
		addr = vma ? max(addr, vma->vm_start & PMD_MASK) : end;
		if (addr < end)
			walk_page_range(mm, addr, addr + min(PIECE, end - addr), &count_table_ops,
					count);
		mmap_read_unlock(mm);
		if (addr >= end || end - addr <= PIECE)
			return 0;
		addr += PIECE;
		cond_resched();
	}
}

static const char * const mode_names[] = {
	[MM_PGSTE_NONE]		= "none",
	[MM_PGSTE_ALL]		= "all",
	[MM_PGSTE_MIXED]	= "mixed",
};

/**
 * proc_pid_arch_status - /proc/PID/arch_status: page tables of a process by kind
 * @m: the file
 * @ns: pid namespace of the reader
 * @pid: the process
 * @task: the process
 *
 * For who may read its maps. The tables are counted by a walk when the file is
 * read, and not while they are made and freed: a process that nobody looks at
 * pays nothing. The walk does not see tables deposited for the split of a huge page.
 */
int proc_pid_arch_status(struct seq_file *m, struct pid_namespace *ns,
			 struct pid *pid, struct task_struct *task)
{
	struct mm_struct *mm = mm_access(task, PTRACE_MODE_READ_FSCREDS);
	struct table_count count = { .last_segment = -1UL };
	int rc;

	/* A kernel thread. */
	if (IS_ERR_OR_NULL(mm))
		return PTR_ERR_OR_ZERO(mm);
	rc = count_tables(mm, &count);
	if (!rc) {
		seq_printf(m, "PgsteMode:\t%s\n", mode_names[mm_pgste_mode(mm)]);
		seq_printf(m, "PageTables2K:\t%lu\n", count.tables[PGTABLE_2K]);
		seq_printf(m, "PageTables2KBytes:\t%lu\n",
			   DIV_ROUND_UP(count.half_pages[PGTABLE_2K], 2) * PAGE_SIZE);
		seq_printf(m, "PageTablesPgste:\t%lu\n", count.tables[PGTABLE_PGSTE]);
		seq_printf(m, "PageTablesPgsteBytes:\t%lu\n",
			   count.tables[PGTABLE_PGSTE] * PAGE_SIZE);
	}
	mmput(mm);
	return rc;
}
#endif /* CONFIG_PROC_PID_ARCH_STATUS */
