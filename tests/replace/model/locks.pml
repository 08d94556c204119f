/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who takes several reverse-map locks (docs/locking.md), for spin: nobody may wait for
 * ever. Two files and two anon_vma roots; two batches that need all of them, in
 * opposite orders within a kind; those who take one of each kind, in each combination;
 * those who take one. -DWITHOUT_x removes a rule (see check).
 */

bool i_mmap[2], root[2], all_locks_mutex;

inline lock(l)
{
	atomic { !l -> l = true }
}

inline unlock(l)
{
	l = false
}

proctype batch(byte first)
{
#ifndef WITHOUT_MUTEX
	lock(all_locks_mutex);
#endif
#ifdef WITHOUT_KINDS
	lock(root[first]);
	lock(root[1 - first]);
#endif
	lock(i_mmap[first]);
	lock(i_mmap[1 - first]);
#ifndef WITHOUT_KINDS
	lock(root[first]);
	lock(root[1 - first]);
#endif
	unlock(root[0]);
	unlock(root[1]);
	unlock(i_mmap[0]);
	unlock(i_mmap[1]);
	unlock(all_locks_mutex)
}

/* mremap, a split of a VMA, a batch of one VMA: no mutex. */
proctype one_of_each(byte file, anon)
{
	lock(i_mmap[file]);
	lock(root[anon]);
	unlock(root[anon]);
	unlock(i_mmap[file])
}

proctype rmap_walk(byte n)
{
	lock(i_mmap[n]);
	unlock(i_mmap[n]);
	lock(root[n]);
	unlock(root[n])
}

init {
	atomic {
		run batch(0);
		run batch(1);
		run one_of_each(0, 0);
		run one_of_each(0, 1);
		run one_of_each(1, 0);
		run one_of_each(1, 1);
		run rmap_walk(0);
		run rmap_walk(1)
	}
}
