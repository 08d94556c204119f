// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs pgmix-kernel-tables, pgmix-kernel-segment-tables: how many the kernel has for
 * vmalloc() and modules. They are counted like those of processes and never given back,
 * so a test that looks for page tables that were not given back has to know them.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>

static int count_segment_table(pud_t *pudp, unsigned long addr, unsigned long next,
			       struct mm_walk *walk)
{
	u64 *count = walk->private;

	walk->action = ACTION_CONTINUE;
	if (!pud_large(*pudp))
		(*count)++;
	return 0;
}

static int count_page_table(pmd_t *pmdp, unsigned long addr, unsigned long next,
			    struct mm_walk *walk)
{
	u64 *count = walk->private;

	walk->action = ACTION_CONTINUE;
	if (!pmd_large(*pmdp))
		(*count)++;
	return 0;
}

static const struct mm_walk_ops segment_table_ops = { .pud_entry = count_segment_table };
static const struct mm_walk_ops page_table_ops = { .pmd_entry = count_page_table };

static int kernel_tables_get(void *ops, u64 *count)
{
	*count = 0;
	mmap_write_lock(&init_mm);
	walk_page_range_novma(&init_mm, VMALLOC_START, VMALLOC_END, ops, NULL, count);
	walk_page_range_novma(&init_mm, MODULES_VADDR, MODULES_END, ops, NULL, count);
	mmap_write_unlock(&init_mm);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(kernel_tables_fops, kernel_tables_get, NULL, "%llu\n");

static int __init kernel_tables_init(void)
{
	debugfs_create_file("pgmix-kernel-tables", 0400, NULL, (void *)&page_table_ops,
			    &kernel_tables_fops);
	debugfs_create_file("pgmix-kernel-segment-tables", 0400, NULL, (void *)&segment_table_ops,
			    &kernel_tables_fops);
	return 0;
}
late_initcall(kernel_tables_init);
