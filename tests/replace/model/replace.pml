/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of pgste/replace.c with everyone who can reach a page table, for
 * spin: nobody may touch a table that was freed, no update may be lost, no
 * walker may take a table on its way for one that is not there, and the armed
 * notifier must fire. -DWITHOUT_x removes the safeguard x (see check).
 *
 * One segment, two tables. What a table holds is one bit per process that
 * stores into it, all of which must be in the live table at the end.
 */

#define OLD	0
#define NEW	1
#define NONE	2	/* an empty segment table entry */

byte segment = OLD;	/* entry of the process */
byte guest = OLD;	/* entry of the guest mapping */
byte table[2];
bool freed[2];

bool mmap_writer, rmap_lock, interrupts_off, notified, missed;
byte mmap_readers, walked, in_sie, in_thread, ended;

#define RMAP	1
#define FAULT	2
#define SIE	4
#define THREAD	8
#define ALL	(RMAP | FAULT | SIE | THREAD)

/* A store into a table, in the two steps of a read and a write. */
inline store(t, b)
{
	assert(!freed[t]);
	d_step { table[t] = table[t] | b }
}

inline lock_mmap_read()
{
	atomic { !mmap_writer -> mmap_readers++ }
}

inline unlock_mmap_read()
{
	atomic { mmap_readers-- }
}

active proctype replace()
{
	byte copy;

#ifndef WITHOUT_MMAP_LOCK
	atomic { !mmap_writer && mmap_readers == 0 -> mmap_writer = true }
#endif
#ifndef WITHOUT_RMAP_LOCK
	atomic { !rmap_lock -> rmap_lock = true }
#endif
#ifdef WITHOUT_ORDER
	copy = table[OLD];
#endif
#ifndef WITHOUT_NOTIFY_FIRST
	/* The notifier finds the guest address through the link. */
	if
	:: guest == OLD -> notified = true
	:: else
	fi;
#endif
#ifndef WITHOUT_UNLINK
	guest = NONE;
#ifndef WITHOUT_FLUSH
	in_sie == 0;
#endif
#endif
#ifdef WITHOUT_NOTIFY_FIRST
	if
	:: guest == OLD -> notified = true
	:: else
	fi;
#endif
	segment = NONE;
#ifndef WITHOUT_FLUSH
	in_thread == 0;
#endif
#ifndef WITHOUT_SYNC
	!interrupts_off;
#endif
#ifndef WITHOUT_ORDER
	copy = table[OLD];
#endif
	table[NEW] = copy;
	segment = NEW;
	freed[OLD] = true;
	rmap_lock = false;
	mmap_writer = false;
	ended++
}

/* Reclaim, migration, truncate: page table lock inside, left out: one update each. */
active proctype rmap_walk()
{
	byte t;

	atomic { !rmap_lock -> rmap_lock = true }
	t = segment;
	if
	:: t == NONE -> missed = true
	:: else -> store(t, RMAP)
	fi;
	rmap_lock = false;
	ended++
}

/* A fault, munmap, mprotect, a key operation: anything with the mmap lock. */
active proctype fault()
{
	byte t;

	lock_mmap_read();
	t = segment;
	if
	:: t == NONE -> missed = true
	:: else -> store(t, FAULT)
	fi;
	unlock_mmap_read();
	ended++
}

active proctype gup_fast()
{
	byte t, value;

	interrupts_off = true;
	t = segment;
	if
	:: t == NONE
	:: else ->
		assert(!freed[t]);
		value = table[t]
	fi;
	interrupts_off = false;
	ended++
}

/* A vCPU: through the link while it is there, else by a fault that makes it. */
active proctype sie()
{
	byte t;

	do
	:: atomic { guest != NONE -> t = guest; in_sie++ };
		store(t, SIE);
		in_sie--;
		break
	:: guest == NONE ->
		lock_mmap_read();
		guest = segment;
		unlock_mmap_read()
	od;
	ended++
}

/* Another thread of the process, by the machine's translation. */
active proctype thread()
{
	byte t;

	do
	:: atomic { segment != NONE -> t = segment; in_thread++ };
		store(t, THREAD);
		in_thread--;
		break
	:: segment == NONE ->
		lock_mmap_read();
		unlock_mmap_read()
	od;
	ended++
}

active proctype verdict()
{
	ended == 6;
	assert(table[segment] == ALL);
	assert(notified);
	assert(!missed)
}
