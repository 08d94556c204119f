// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs pgmix-frames: for tests of what is behind guest memory. Maps memory that
 * the kernel does not manage, tells its storage keys, and moves pages of the
 * caller to other frames.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <asm/page.h>
#include "frames.h"
#include "linux.h"

#define FRAMES_ORDER	9	/* both kinds */
#define BATCH		64

static struct page *frames;

static int frames_open(struct inode *inode, struct file *file)
{
	static DEFINE_MUTEX(lock);
	int i, rc = 0;

	mutex_lock(&lock);
	if (!frames) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, FRAMES_ORDER);

		if (page) {
			split_page(page, FRAMES_ORDER);
			for (i = 0; i < FRAMES_PAGES; i++)
				SetPageReserved(page + FRAMES_PAGES + i);
			frames = page;
		} else {
			rc = -ENOMEM;
		}
	}
	mutex_unlock(&lock);
	return rc;
}

static int frames_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long i;
	int rc = 0;

	if (vma_pages(vma) != FRAMES_PAGES ||
	    (vma->vm_pgoff != 0 && vma->vm_pgoff != FRAMES_PAGES &&
	     vma->vm_pgoff != FRAMES_ZERO))
		return -EINVAL;
	if (vma->vm_pgoff == FRAMES_ZERO) {
		if (vma->vm_flags & VM_WRITE)
			return -EINVAL;
		never_writable(vma);
		for (i = 0; i < FRAMES_PAGES && !rc; i++)
			rc = remap_pfn_range(vma, vma->vm_start + i * PAGE_SIZE,
					     page_to_pfn(ZERO_PAGE(0)), PAGE_SIZE,
					     vma->vm_page_prot);
		return rc;
	}
	if (!vma->vm_pgoff)
		return remap_pfn_range(vma, vma->vm_start, page_to_pfn(frames),
				       FRAMES_PAGES * PAGE_SIZE, vma->vm_page_prot);
	for (i = 0; i < FRAMES_PAGES && !rc; i++)
		rc = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
				    frames + FRAMES_PAGES + i);
	return rc;
}

static ssize_t frames_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	u8 keys[2 * FRAMES_PAGES];
	int i;

	for (i = 0; i < 2 * FRAMES_PAGES; i++)
		keys[i] = page_get_storage_key(page_to_phys(frames + i));
	return simple_read_from_buffer(to, count, pos, keys, sizeof(keys));
}

/* Take up to a batch of pages off the LRU; return the address to go on from. */
static unsigned long isolate_batch(unsigned long addr, unsigned long end,
				   struct list_head *pages, struct frames_migrate *m)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct page *page;
	int n = 0;

	mmap_read_lock(mm);
	for (; addr < end && n < BATCH; addr += PAGE_SIZE) {
		vma = vma_lookup(mm, addr);
		page = vma ? page_at(vma, addr) : NULL;
		if (!page)
			continue;
		if (take_off_lru(page)) {
			list_add_tail(&page->lru, pages);
			n++;
		} else {
			m->refused++;
		}
		put_page(page);
	}
	mmap_read_unlock(mm);
	return addr;
}

static void migrate(struct frames_migrate *m)
{
	unsigned long addr = m->start, end = m->start + m->len;
	struct list_head *page;
	LIST_HEAD(pages);

	m->moved = m->refused = 0;
	/* A page on its way to the LRU cannot be taken off it. */
	lru_add_drain_all();
	while (addr < end) {
		unsigned int moved = 0;

		addr = isolate_batch(addr, end, &pages, m);
		migrate_pages(&pages, new_frame, NULL, 0, MIGRATE_SYNC, MR_SYSCALL, &moved);
		m->moved += moved;
		list_for_each(page, &pages)
			m->refused++;
		putback_movable_pages(&pages);
		cond_resched();
	}
}

static long frames_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct frames_migrate __user *to = (void __user *)arg;
	struct frames_migrate m;

	if (cmd != FRAMES_MIGRATE)
		return -ENOTTY;
	if (copy_from_user(&m, to, sizeof(m)))
		return -EFAULT;
	migrate(&m);
	return copy_to_user(to, &m, sizeof(m)) ? -EFAULT : 0;
}

static const struct file_operations frames_fops = {
	.owner		= THIS_MODULE,
	.open		= frames_open,
	.read		= frames_read,
	.llseek		= default_llseek,
	.mmap		= frames_mmap,
	.unlocked_ioctl	= frames_ioctl,
};

static int __init frames_init(void)
{
	/* "Unsafe": the safe kind knows no mmap(), and this file never goes away. */
	debugfs_create_file_unsafe("pgmix-frames", 0600, NULL, NULL, &frames_fops);
	return 0;
}
late_initcall(frames_init);
