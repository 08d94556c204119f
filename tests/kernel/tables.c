// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs pgmix-kernel-tables: how many page tables the kernel has for vmalloc() and modules,
 * and with how many pages its segment tables are counted. Both are counted like those of
 * processes and never given back, so a test that looks for page tables that were not given
 * back has to know them.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "linux.h"

struct kernel_tables {
	unsigned long page, segment;
};

static int count_segment_table(pud_t *pudp, unsigned long addr, unsigned long next,
			       struct mm_walk *walk)
{
	struct kernel_tables *count = walk->private;

	if (!pud_leaf(*pudp))
		count->segment++;
	return 0;
}

static int count_page_table(pmd_t *pmdp, unsigned long addr, unsigned long next,
			    struct mm_walk *walk)
{
	struct kernel_tables *count = walk->private;

	walk->action = ACTION_CONTINUE;
	if (!pmd_leaf(*pmdp))
		count->page++;
	return 0;
}

static const struct mm_walk_ops count_ops = {
	.pud_entry = count_segment_table,
	.pmd_entry = count_page_table,
};

static int kernel_tables_show(struct seq_file *m, void *unused)
{
	struct kernel_tables count = { 0 };

	mmap_write_lock(&init_mm);
	walk_kernel_tables(VMALLOC_START, VMALLOC_END, &count_ops, &count);
	walk_kernel_tables(MODULES_VADDR, MODULES_END, &count_ops, &count);
	mmap_write_unlock(&init_mm);
	seq_printf(m, "%lu %lu\n", count.page, count.segment * SEGMENT_TABLE_COUNTS);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kernel_tables);

static int __init kernel_tables_init(void)
{
	debugfs_create_file("pgmix-kernel-tables", 0400, NULL, NULL, &kernel_tables_fops);
	return 0;
}
late_initcall(kernel_tables_init);
