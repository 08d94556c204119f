/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of pgste/replace.c with everyone who can reach a page table, for
 * spin: nobody may touch a table that was freed, no update may be lost, no
 * walker may take a table that is being replaced for one that is not there, and
 * the armed notifier must fire. -DWITHOUT_x removes the safeguard x (see check,
 * which also says which of the assertions then has to fail; the names of the
 * variables in them say whose assertion it is).
 *
 * One segment, two tables. What a table holds is one bit per process that
 * stores into it, all of which must be in the live table at the end.
 */

#define OLD	0
#define NEW	1
#define NONE	2	/* an empty segment table entry */

byte segment = OLD;	/* entry of the process */
byte guest = OLD;	/* entry of the gmap */
byte table[2];
bool freed[2];
bool locked[2];		/* page table lock and PCL: each table has its own */

bool mmap_writer, rmap_lock, interrupts_off, notified, walk_missed, fault_missed;
byte mmap_readers, in_sie, in_thread, ended;

#define RMAP	1
#define FAULT	2
#define SIE	4
#define ALL	(RMAP | FAULT | SIE)

/*
 * A store into a table: a read and, as a step of its own, a write of what was
 * read with one bit more. Those who store exclude each other by a lock which is
 * in the table; replacement does not take it.
 */
inline store(t, value, who)
{
	atomic { !locked[t] -> locked[t] = true };
	atomic { assert(!freed[t]); value = table[t] };
	atomic { assert(!freed[t]); table[t] = value | who };
	locked[t] = false
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
	atomic { !mmap_writer && mmap_readers == 0 -> mmap_writer = true };
#endif
#ifndef WITHOUT_RMAP_LOCK
	atomic { !rmap_lock -> rmap_lock = true };
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
#ifndef WITHOUT_GUEST_FLUSH
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
#ifndef WITHOUT_RMAP_LOCK
	rmap_lock = false;
#endif
	freed[OLD] = true;
#ifndef WITHOUT_MMAP_LOCK
	mmap_writer = false;
#endif
	ended++
}

/* Reclaim, migration, truncate. */
active proctype rmap_walk()
{
	byte walked, value;

	atomic { !rmap_lock -> rmap_lock = true };
	walked = segment;
	if
	:: walked == NONE -> walk_missed = true
	:: else -> store(walked, value, RMAP)
	fi;
	rmap_lock = false;
	ended++
}

/* A fault, munmap, mprotect, a key operation: anything with the mmap lock. */
active proctype fault()
{
	byte found, value;

	lock_mmap_read();
	found = segment;
	if
	:: found == NONE -> fault_missed = true
	:: else -> store(found, value, FAULT)
	fi;
	unlock_mmap_read();
	ended++
}

/* Reads only: that it takes a reference to a page is not in the table. */
active proctype gup_fast()
{
	byte seen;

	interrupts_off = true;
	seen = segment;
	if
	:: seen == NONE
	:: else -> assert(!freed[seen])
	fi;
	interrupts_off = false;
	ended++
}

/* A vCPU: through the link while it is there, else by a fault that makes it. */
active proctype sie()
{
	byte linked, value;

	do
	:: atomic { guest != NONE -> linked = guest; in_sie++ };
		store(linked, value, SIE);
		in_sie--;
		break
	:: guest == NONE ->
		lock_mmap_read();
		guest = segment;
		unlock_mmap_read()
	od;
	ended++
}

/* Another thread of the process, by the machine's translation, which only reads. */
active proctype thread()
{
	byte translated;

	do
	:: atomic { segment != NONE -> translated = segment; in_thread++ };
		assert(!freed[translated]);
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
	assert(!walk_missed);
	assert(!fault_missed)
}
