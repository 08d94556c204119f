// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs pgmix-mmap-locks: who holds the mmap locks that are held now. For tests in which
 * a process cannot go on: "PID COMM COUNT kind OWNER", OWNER is the task that holds the lock
 * for writing, or the last one that took it for reading.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#define READER	1UL		/* in rw_semaphore.owner: RWSEM_READER_OWNED */
#define FLAGS	7UL		/* RWSEM_OWNER_FLAGS_MASK is less */

/* A task that has gone is not found. Called under RCU. */
static void show_owner(struct seq_file *m, unsigned long owner)
{
	struct task_struct *p, *t;

	for_each_process_thread(p, t) {
		if ((unsigned long)t != (owner & ~FLAGS))
			continue;
		seq_printf(m, " %s %d %s state %x\n", owner & READER ? "read" : "write",
			   t->pid, t->comm, READ_ONCE(t->__state));
		return;
	}
	seq_printf(m, " %s, the task is gone\n", owner & READER ? "read" : "write");
}

static int mmap_locks_show(struct seq_file *m, void *unused)
{
	struct task_struct *p, *t;
	struct mm_struct *mm;
	long count;

	rcu_read_lock();
	for_each_process(p) {
		/* The first thread can have exited. */
		t = find_lock_task_mm(p);
		if (!t)
			continue;
		mm = t->mm;
		count = atomic_long_read(&mm->mmap_lock.count);
		if (count) {
			seq_printf(m, "%d %s users %d count %lx", p->pid, p->comm,
				   atomic_read(&mm->mm_users), count);
			show_owner(m, atomic_long_read(&mm->mmap_lock.owner));
		}
		task_unlock(t);
	}
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mmap_locks);

static int __init mmap_locks_init(void)
{
	debugfs_create_file("pgmix-mmap-locks", 0400, NULL, NULL, &mmap_locks_fops);
	return 0;
}
late_initcall(mmap_locks_init);
