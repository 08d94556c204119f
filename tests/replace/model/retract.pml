/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Linux 6.12 adds to replace.pml: page faults that hold the lock of a VMA and not the
 * mmap lock, and khugepaged, which takes a table out with neither and frees it after a grace
 * period of RCU. Nobody may touch a table that was freed, free it twice, store into one that
 * is not the segment's any more, or lose one that somebody else has put there. -DWITHOUT_x
 * removes the safeguard x (see check).
 *
 * One segment, the table that it has at the beginning, the one that replaces it, and those
 * that page faults make where there is none.
 */

#define OLD	0
#define NEW	1
#define FIRST	2
#define SECOND	3
#define NONE	4

byte segment = OLD;
bool freed[5];
bool vma_writer, vacant;
byte vma_readers, rmap_readers, rcu_readers;
bool rmap_writer;

active proctype replace()
{
	byte old;

	/* The mmap lock: nobody else here takes it. */
#ifndef WITHOUT_VMA_LOCK
	atomic { vma_readers == 0 -> vma_writer = true };
#endif
	old = segment;
	if
	:: old == NONE -> goto unlock
	:: else
	fi;
	/* A new table is allocated. */
	atomic { !rmap_writer && rmap_readers == 0 -> rmap_writer = true };
#ifndef WITHOUT_COMPARISON
	if
	:: segment != old ->
		freed[NEW] = true;
		rmap_writer = false;
		goto unlock
	:: else
	fi;
#endif
	segment = NONE;
	/* Filled from the old one: from here on that must be the replacement's alone. */
	assert(!freed[old]);
	atomic { vacant = segment == NONE; assert(vacant); segment = NEW };
	rmap_writer = false;
	atomic { assert(!freed[old]); freed[old] = true };
unlock:
	vma_writer = false
}

/* retract_page_tables(): i_mmap lock for reading, PMD lock, page table lock. */
active proctype retract()
{
	byte table;

	atomic { !rmap_writer -> rmap_readers++ };
	atomic { table = segment; segment = NONE };
	rmap_readers--;
	if
	:: table == NONE
	:: else ->
#ifndef WITHOUT_GRACE_PERIOD
		rcu_readers == 0;
#endif
		atomic { assert(!freed[table]); freed[table] = true }
	fi
}

/* Page faults: pte_offset_map_lock(), and pte_alloc() where there is none. */
proctype fault(byte fresh)
{
	byte found;

	atomic { !vma_writer -> vma_readers++ };
again:
	atomic { rcu_readers++; found = segment };
	if
	:: found == NONE ->
		rcu_readers--;
		atomic {
			if
			:: segment == NONE -> segment = fresh
			:: else
			fi
		};
		goto again
	:: else
	fi;
	/* The page table lock is that of the table: no one takes it out now. */
	atomic {
		assert(!freed[found]);
#ifndef WITHOUT_RECHECK
		if
		:: segment != found -> rcu_readers--; goto again
		:: else
		fi;
#endif
		assert(segment == found);
		rcu_readers--
	};
	vma_readers--
}

init {
	atomic {
		run fault(FIRST);
		run fault(SECOND)
	}
}
