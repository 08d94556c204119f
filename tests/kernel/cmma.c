// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs pgmix-cmma: after a write to it KVM takes the machine for one with CMMA. For
 * tests of the ioctls about usage states where the emulator has none; no guest is to
 * run with it.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <asm/sclp.h>

static ssize_t pretend_cmma_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	sclp.has_cmma = 1;
	return count;
}

static const struct file_operations pretend_cmma_fops = {
	.owner	= THIS_MODULE,
	.open	= nonseekable_open,
	.write	= pretend_cmma_write,
};

static int __init pretend_cmma_init(void)
{
	debugfs_create_file("pgmix-cmma", 0200, NULL, NULL, &pretend_cmma_fops);
	return 0;
}
late_initcall(pretend_cmma_init);
