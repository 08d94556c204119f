// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs pgmix/relocate: write "PID START END" (addresses in hex) to move the
 * page tables of a range of a running process to other pages.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <asm/pgtable_replace.h>

static struct mm_struct *mm_of(pid_t pid)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;

	rcu_read_lock();
	task = find_task_by_vpid(pid);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (task) {
		mm = get_task_mm(task);
		put_task_struct(task);
	}
	return mm;
}

static ssize_t relocate_write(struct file *file, const char __user *from, size_t count,
			      loff_t *pos)
{
	unsigned long start, end;
	struct mm_struct *mm;
	char line[64] = "";
	int pid, rc;

	if (count >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, count))
		return -EFAULT;
	if (sscanf(line, "%d %lx %lx", &pid, &start, &end) != 3 || start >= end)
		return -EINVAL;
	mm = mm_of(pid);
	if (!mm)
		return -ESRCH;
	rc = pgtable_replace_range(mm, start, end, PGTABLE_RELOCATE);
	mmput(mm);
	return rc ?: count;
}

static const struct file_operations relocate_fops = {
	.owner	= THIS_MODULE,
	.open	= nonseekable_open,
	.write	= relocate_write,
};

static int __init relocate_init(void)
{
	debugfs_create_file("relocate", 0200, debugfs_create_dir("pgmix", NULL), NULL,
			    &relocate_fops);
	return 0;
}
late_initcall(relocate_init);
