// SPDX-License-Identifier: GPL-2.0
/*
 * The door between a process's page tables and its guest: memory mapped and touched
 * in every order, and everything a VMM can ask of guest memory behind a 2K table.
 * It is refused or works; it never hangs, and never writes beside a 2K table.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scene.h"

#define LATE		KVM_VM_S390_LATE_MMAP
#define PAGES		256	/* of a segment */
#define SEED		5
#define EARLY_KEY	0x06	/* of memory in use when keys are enabled: referenced, changed */

/*
 * A late machine of 8 MiB plus a slot from guest 8 MiB on: 8 segments of which the odd
 * ones lie behind 2K tables. Guest segment 8 has 4K, 9 has 2K, and so on.
 */
#define MIXED		8
#define MIXED_GPA	(8 * GUEST_SEGMENT)
#define SEGMENT_GPA(i)	(MIXED_GPA + (i) * GUEST_SEGMENT)
#define SEGMENT_GFN(i)	(SEGMENT_GPA(i) / GUEST_PAGE)

struct scene {
	struct machine m;
	struct canaries *canaries;
	uint8_t *mixed;
};

static int is_2k(int segment)
{
	return segment & 1;
}

static void make_scene(struct scene *s, int processes)
{
	int i;

	s->canaries = canaries_make(processes, 8);
	s->mixed = map_segments(MIXED, MAP_SHARED);
	for (i = 0; i < MIXED; i++)
		if (is_2k(i))
			fill_segments(s->mixed + i * GUEST_SEGMENT, 1, PAGES, SEED);
	make_machine(&s->m, LATE, 8 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&s->m.vm, 1, MIXED_GPA, s->mixed, MIXED * GUEST_SEGMENT);
}

/* 2K segments hold what they held, and so do their neighbours. */
static void check_scene(struct scene *s)
{
	const char *wrong;
	int i;

	for (i = 0; i < MIXED; i++)
		if (is_2k(i))
			check_segments(s->mixed + i * GUEST_SEGMENT, 1, PAGES, SEED, "2K segment");
	wrong = canaries_check(s->canaries);
	require(!wrong, "%s", wrong);
}

static void end_scene(struct scene *s)
{
	check_scene(s);
	machine_destroy(&s->m);
	munmap(s->mixed, MIXED * GUEST_SEGMENT);
	canaries_end(s->canaries);
}

static void guest_uses_4k_segments_only(void)
{
	struct scene s;
	int i, rc;

	make_scene(&s, 4);
	for (i = 0; i < MIXED; i++) {
		rc = guest_do(&s.m.cpu, GUEST_POKE, SEGMENT_GPA(i), PAGES, i + 100);
		require(rc == (is_2k(i) ? -EFAULT : GUEST_OK), "store to a %s segment: %s",
			is_2k(i) ? "2K" : "4K", guest_text(&s.m.cpu, s.m.mem, rc));
	}
	for (i = 0; i < MIXED; i++) {
		rc = guest_do(&s.m.cpu, GUEST_PEEK, SEGMENT_GPA(i), PAGES, i + 100);
		require(rc == (is_2k(i) ? -EFAULT : GUEST_OK), "load from a %s segment: %s",
			is_2k(i) ? "2K" : "4K", guest_text(&s.m.cpu, s.m.mem, rc));
	}
	end_scene(&s);
}

static void guest_key_operations_on_2k_do_no_harm(void)
{
	static const enum guest_job job[] = { GUEST_SETKEYS, GUEST_GETKEYS, GUEST_REFERENCE };
	struct scene s;
	unsigned int j;
	int i, rc;

	make_scene(&s, 4);
	for (j = 0; j < 3; j++) {
		for (i = 0; i < MIXED; i++) {
			rc = guest_do(&s.m.cpu, job[j], SEGMENT_GPA(i), 16, 2);
			if (is_2k(i))
				require(rc != -EPROTO && rc != GUEST_NO_SUCH_JOB, "job %d on a 2K segment: %s",
					job[j], guest_text(&s.m.cpu, s.m.mem, rc));
			else
				require(rc == GUEST_OK, "job %d on a 4K segment: %s", job[j],
					guest_text(&s.m.cpu, s.m.mem, rc));
		}
	}
	end_scene(&s);
}

static void key_ioctls_on_2k_read_and_set_the_early_key(void)
{
	uint8_t keys[PAGES];
	struct scene s;
	int i, j, rc;

	make_scene(&s, 4);
	set_keys(&s.m.vm, SEGMENT_GFN(0), PAGES, 1);
	for (i = 0; i < MIXED; i++) {
		memset(keys, 0xaa, sizeof(keys));
		rc = vm_get_keys(&s.m.vm, SEGMENT_GFN(i), PAGES, keys);
		require(!rc, "GET_SKEYS of segment %d: %s", i, strerror(-rc));
		for (j = 0; is_2k(i) && j < PAGES; j++)
			require(keys[j] == EARLY_KEY, "2K segment: key 0x%02x", keys[j]);

		memset(keys, EARLY_KEY, sizeof(keys));
		rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(i), PAGES, keys);
		require(!rc, "SET_SKEYS of segment %d to 0x%02x: %s", i, EARLY_KEY, strerror(-rc));

		memset(keys, 0, sizeof(keys));
		rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(i), PAGES, keys);
		require(rc == (is_2k(i) ? -EFAULT : 0), "SET_SKEYS of a %s segment to 0: %d",
			is_2k(i) ? "2K" : "4K", rc);

		memset(keys, 0x30, sizeof(keys));
		rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(i), PAGES, keys);
		require(rc == (is_2k(i) ? -EFAULT : 0), "SET_SKEYS of a %s segment to 0x30: %d",
			is_2k(i) ? "2K" : "4K", rc);
	}
	end_scene(&s);
}

/* Ranges that begin on one kind, go over the other and end in a hole. */
static void key_ioctls_across_kinds_and_holes(void)
{
	uint8_t keys[MIXED * PAGES];
	struct scene s;
	int i, rc;

	make_scene(&s, 2);
	set_keys(&s.m.vm, SEGMENT_GFN(0), PAGES, 1);
	set_keys(&s.m.vm, SEGMENT_GFN(2), PAGES, 2);

	rc = vm_get_keys(&s.m.vm, SEGMENT_GFN(0), 4 * PAGES, keys);
	require(!rc, "GET_SKEYS over 4K, 2K, 4K, 2K: %s", strerror(-rc));
	for (i = 0; i < 4 * PAGES; i++)
		require((keys[i] & 0xf8) == (is_2k(i / PAGES) ? 0 : guest_key(i % PAGES + i / PAGES / 2 + 1)),
			"key %d of 4K, 2K, 4K, 2K is 0x%02x", i, keys[i]);

	/* up to the first 2K page, and not beyond it */
	memset(keys, 0xf0, sizeof(keys));
	rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(0) + PAGES - 8, 2 * PAGES, keys);
	require(rc == -EFAULT, "SET_SKEYS from 4K into 2K: %d", rc);
	check_keys(&s.m.vm, SEGMENT_GFN(2), PAGES, 2, "behind the 2K segment");
	check_scene(&s);

	/* slot without memory behind it */
	munmap(s.mixed + 6 * GUEST_SEGMENT, GUEST_SEGMENT);
	rc = vm_get_keys(&s.m.vm, SEGMENT_GFN(4), 4 * PAGES, keys);
	require(rc == -EFAULT, "GET_SKEYS over a hole: %d", rc);
	memset(keys, 0, sizeof(keys));
	rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(4), 4 * PAGES, keys);
	require(rc == -EFAULT, "SET_SKEYS over a hole: %d", rc);

	/* beyond the slot, bad counts, a bad key, flags */
	rc = vm_get_keys(&s.m.vm, SEGMENT_GFN(7) + PAGES - 1, 2, keys);
	require(rc == -EFAULT, "GET_SKEYS beyond the slot: %d", rc);
	rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(0), 0, keys);
	require(rc == -EINVAL, "SET_SKEYS of nothing: %d", rc);
	rc = vm_get_keys(&s.m.vm, SEGMENT_GFN(0), 0, keys);
	require(rc == -EINVAL, "GET_SKEYS of nothing: %d", rc);
	rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(0), KVM_S390_SKEYS_MAX + 1, keys);
	require(rc == -EINVAL, "SET_SKEYS of too many: %d", rc);
	keys[0] = 0x31;
	rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(1), 1, keys);
	require(rc == -EINVAL, "SET_SKEYS with a reserved bit: %d", rc);
	rc = vm_set_keys(&s.m.vm, SEGMENT_GFN(0), 1, NULL);
	require(rc == -EFAULT, "SET_SKEYS from nowhere: %d", rc);
	machine_destroy(&s.m);
	canaries_end(s.canaries);
}

static void mapped_again_is_admitted(void)
{
	uint8_t *at;
	struct scene s;
	int i, rc;

	make_scene(&s, 2);
	for (i = 1; i < MIXED; i += 2) {
		at = s.mixed + i * GUEST_SEGMENT;
		rc = guest_do(&s.m.cpu, GUEST_POKE, SEGMENT_GPA(i), PAGES, 1);
		require(rc == -EFAULT, "2K: %d", rc);

		/* one page more or less does not make another table ... */
		munmap(at, GUEST_PAGE);
		guest_memory_at(at, GUEST_PAGE, MAP_SHARED);
		rc = guest_do(&s.m.cpu, GUEST_POKE, SEGMENT_GPA(i), PAGES, 1);
		require(rc == -EFAULT, "one page mapped again: %d", rc);

		/* ... all of them do */
		require(guest_memory_at(at, GUEST_SEGMENT, MAP_SHARED), "mmap: %s", strerror(errno));
		rc = guest_do(&s.m.cpu, GUEST_FILL, SEGMENT_GPA(i), PAGES, 9);
		require(rc == GUEST_OK, "mapped again: %s", guest_text(&s.m.cpu, s.m.mem, rc));
		run_job(&s.m, GUEST_SETKEYS, SEGMENT_GPA(i), PAGES, i);
		run_job(&s.m, GUEST_VERIFY, SEGMENT_GPA(i), PAGES, 9);
		check_keys(&s.m.vm, SEGMENT_GFN(i), PAGES, i, "mapped again");
	}
	require(!canaries_check(s.canaries), "neighbours changed");
	machine_destroy(&s.m);
	canaries_end(s.canaries);
}

/* Mapped before the VM but touched after it: its table is made after, so it has PGSTEs. */
static void mapped_before_touched_after_is_admitted(void)
{
	uint8_t *mem = map_segments(4, MAP_SHARED);
	struct machine m;

	make_machine(&m, LATE, 2 * GUEST_SEGMENT, MAP_SHARED);
	put_slot(&m.vm, 1, 2 * GUEST_SEGMENT, mem, 4 * GUEST_SEGMENT);
	memset(mem, 1, GUEST_SEGMENT);
	run_job(&m, GUEST_FILL, 2 * GUEST_SEGMENT, 4 * PAGES, 3);
	run_job(&m, GUEST_SETKEYS, 2 * GUEST_SEGMENT, 4 * PAGES, 3);
	run_job(&m, GUEST_VERIFY, 2 * GUEST_SEGMENT, 4 * PAGES, 3);
	machine_destroy(&m);
}

/* Guest memory that shares its segment with something touched before. */
static void stranger_in_the_segment_makes_it_2k(void)
{
	uint8_t *mem = map_segments(1, MAP_PRIVATE);
	struct machine m;
	int rc;

	mem[GUEST_SEGMENT - 1] = 1;
	make_machine(&m, LATE, 2 * GUEST_SEGMENT, MAP_SHARED);
	guest_memory_at(mem, GUEST_SEGMENT / 2, MAP_SHARED);
	put_slot(&m.vm, 1, 2 * GUEST_SEGMENT, mem, GUEST_SEGMENT);
	rc = guest_do(&m.cpu, GUEST_POKE, 2 * GUEST_SEGMENT, 1, 1);
	require(rc == -EFAULT, "half of a segment mapped after, half touched before: %d", rc);
	require(mem[GUEST_SEGMENT - 1] == 1, "the stranger changed");
	machine_destroy(&m);
}

/* The guest's own lowcore, then only its second segment, behind 2K tables. */
static void prefix_and_code_on_2k_are_refused(void)
{
	uint8_t *mem = map_segments(2, MAP_SHARED);
	struct vcpu cpu, other;
	struct vm vm;
	int rc, i;

	guest_load(mem);
	make_vm(&vm, LATE);
	put_slot(&vm, 0, 0, mem, 2 * GUEST_SEGMENT);
	require(!vcpu_create(&vm, 0, &cpu) && !vcpu_create(&vm, 1, &other), "vCPU");
	for (i = 0; i < 3; i++) {
		rc = guest_do(&cpu, GUEST_POKE, GUEST_DATA, 1, 1);
		require(rc == -EFAULT, "code on 2K: %d", rc);
		rc = guest_do(&other, GUEST_POKE, GUEST_DATA, 1, 1);
		require(rc == -EFAULT, "prefix on 2K: %d", rc);
	}
	guest_memory_at(mem, GUEST_SEGMENT, MAP_SHARED);
	guest_load(mem);
	rc = guest_do(&cpu, GUEST_POKE, GUEST_DATA, 1, 1);
	require(rc == GUEST_OK, "code mapped again: %s", guest_text(&cpu, mem, rc));
	rc = guest_do(&other, GUEST_PEEK, GUEST_DATA, 1, 1);
	require(rc == GUEST_OK, "code mapped again, second CPU: %s", guest_text(&other, mem, rc));
	vcpu_destroy(&cpu);
	vcpu_destroy(&other);
	vm_destroy(&vm);
}

static void slots_over_2k_come_and_go(void)
{
	struct scene s;
	int i, rc;

	make_scene(&s, 2);
	for (i = 0; i < 4; i++) {
		run_job(&s.m, GUEST_POKE, SEGMENT_GPA(0), PAGES, i);
		rc = guest_do(&s.m.cpu, GUEST_POKE, SEGMENT_GPA(1), PAGES, i);
		require(rc == -EFAULT, "2K: %d", rc);

		/* elsewhere in the guest: moved, then removed, then back */
		rc = vm_slot(&s.m.vm, 1, MIXED_GPA + 64 * GUEST_SEGMENT, s.mixed, MIXED * GUEST_SEGMENT, 0);
		require(!rc, "moving a slot: %s", strerror(-rc));
		run_job(&s.m, GUEST_PEEK, SEGMENT_GPA(64), PAGES, i);
		rc = guest_do(&s.m.cpu, GUEST_PEEK, SEGMENT_GPA(65), PAGES, i);
		require(rc == -EFAULT, "2K: %d", rc);
		rc = guest_do(&s.m.cpu, GUEST_PEEK, SEGMENT_GPA(0), PAGES, i);
		require(rc == GUEST_PGM, "no slot: %s", guest_text(&s.m.cpu, s.m.mem, rc));
		rc = vm_slot(&s.m.vm, 1, MIXED_GPA, NULL, 0, 0);
		require(!rc, "removing a slot: %s", strerror(-rc));
		put_slot(&s.m.vm, 1, MIXED_GPA, s.mixed, MIXED * GUEST_SEGMENT);
	}
	end_scene(&s);
}

static void dirty_log_over_2k(void)
{
	unsigned long bitmap[MIXED * PAGES / 64];
	struct scene s;
	int i, j, rc;

	make_scene(&s, 2);
	rc = vm_slot(&s.m.vm, 1, MIXED_GPA, s.mixed, MIXED * GUEST_SEGMENT, KVM_MEM_LOG_DIRTY_PAGES);
	require(!rc, "logging on: %s", strerror(-rc));
	vm_dirty_log(&s.m.vm, 1, bitmap);
	for (i = 0; i < MIXED; i++)
		guest_do(&s.m.cpu, GUEST_POKE, SEGMENT_GPA(i), PAGES / 2, 1);
	memset(bitmap, 0, sizeof(bitmap));
	rc = vm_dirty_log(&s.m.vm, 1, bitmap);
	require(!rc, "KVM_GET_DIRTY_LOG: %s", strerror(-rc));
	for (i = 0; i < MIXED; i++)
		for (j = 0; j < PAGES / 2 && !is_2k(i); j++)
			require(is_dirty(bitmap, i * PAGES + j),
				"page %d of 4K segment %d was written and is not in the log", j, i);
	end_scene(&s);
}

/* Guest storage as the VMM reads and writes it, with and without the guest's keys. */
static void mem_op_over_2k(void)
{
	unsigned long word = 0x1122334455667788, back;
	struct kvm_s390_mem_op op;
	struct scene s;
	int i, rc, key;

	make_scene(&s, 2);
	set_keys(&s.m.vm, SEGMENT_GFN(0), PAGES, 1);
	for (i = 0; i < 2; i++) {
		for (key = 0; key < 2; key++) {
			op = (struct kvm_s390_mem_op){
				.gaddr = SEGMENT_GPA(i) + 0x800, .size = sizeof(word),
				.op = KVM_S390_MEMOP_LOGICAL_WRITE, .buf = (uintptr_t)&word,
				.flags = key ? KVM_S390_MEMOP_F_SKEY_PROTECTION : 0,
			};
			rc = ioctl(s.m.cpu.fd, KVM_S390_MEM_OP, &op);
			require(!rc, "MEM_OP write, segment %d: %d %s", i, rc, strerror(errno));
			op.op = KVM_S390_MEMOP_LOGICAL_READ;
			op.buf = (uintptr_t)&back;
			back = 0;
			rc = ioctl(s.m.cpu.fd, KVM_S390_MEM_OP, &op);
			require(!rc && back == word, "MEM_OP read, segment %d: %d, %lx", i, rc, back);
		}
	}
	end_scene(&s);
}

static void ucontrol_faults_are_admitted_alike(void)
{
	struct kvm_s390_ucas_mapping map;
	struct canaries *canaries;
	struct vcpu cpu;
	struct vm vm;
	uint8_t *mem;
	int i, rc;

	canaries = canaries_make(2, 4);
	mem = map_segments(4, MAP_SHARED);
	fill_segments(mem + GUEST_SEGMENT, 1, PAGES, SEED);
	make_vm(&vm, LATE | KVM_VM_S390_UCONTROL);
	rc = vcpu_create(&vm, 0, &cpu);
	require(!rc, "vCPU: %s", strerror(-rc));
	map = (struct kvm_s390_ucas_mapping){ .user_addr = (uintptr_t)mem, .length = 4 * GUEST_SEGMENT };
	require(!ioctl(cpu.fd, KVM_S390_UCAS_MAP, &map), "UCAS_MAP: %s", strerror(errno));

	for (i = 0; i < 4; i++) {
		rc = ioctl(cpu.fd, KVM_S390_VCPU_FAULT, i * GUEST_SEGMENT);
		require(i == 1 ? rc == -1 && errno == EFAULT : !rc, "VCPU_FAULT of a %s segment: %d %s",
			i == 1 ? "2K" : "4K", rc, strerror(errno));
	}
	/* the guest in the 4K segment runs; its faults come to us */
	guest_load(mem);
	guest_start(&cpu, GUEST_POKE, 2 * GUEST_SEGMENT, PAGES, 3);
	for (i = 0; i < 100 && (rc = vcpu_run(&cpu)) == 0; i++) {
		require(cpu.run->exit_reason == KVM_EXIT_S390_UCONTROL, "%s", vcpu_exit_text(&cpu));
		rc = ioctl(cpu.fd, KVM_S390_VCPU_FAULT, cpu.run->s390_ucontrol.trans_exc_code);
		require(!rc, "VCPU_FAULT at %llx: %s", cpu.run->s390_ucontrol.trans_exc_code, strerror(errno));
	}
	require(rc == 1 && cpu.run->s.regs.gprs[2] == GUEST_OK, "UCONTROL guest: %d, %s", rc,
		vcpu_exit_text(&cpu));
	check_segments(mem + GUEST_SEGMENT, 1, PAGES, SEED, "2K segment");
	require(!canaries_check(canaries), "%s", canaries_check(canaries));
	vcpu_destroy(&cpu);
	vm_destroy(&vm);
	canaries_end(canaries);
}

static void cmma_reset_leaves_2k_alone(void)
{
	struct scene s;
	int rc;

	make_scene(&s, 4);
	rc = vm_mem_attr(&s.m.vm, KVM_S390_VM_MEM_CLR_CMMA, NULL);
	if (rc == -ENXIO)
		skip("this machine has no CMMA");
	require(!rc || rc == -EINVAL, "KVM_S390_VM_MEM_CLR_CMMA: %s", strerror(-rc));
	end_scene(&s);
}

static const struct test tests[] = {
	{ "a guest uses its 4K segments, 2K segments between them are refused",
	  guest_uses_4k_segments_only, REFUSES },
	{ "SSKE, ISKE, RRBE of a guest on 2K segments end and do no harm",
	  guest_key_operations_on_2k_do_no_harm, REFUSES },
	{ "key ioctls on 2K segments read the key of memory in use and set nothing else",
	  key_ioctls_on_2k_read_and_set_the_early_key, REFUSES },
	{ "key ioctls over ranges of both kinds, holes, bad arguments",
	  key_ioctls_across_kinds_and_holes, REFUSES },
	{ "a 2K segment mapped again is admitted", mapped_again_is_admitted, REFUSES },
	{ "memory mapped before and touched after is admitted",
	  mapped_before_touched_after_is_admitted, REFUSES },
	{ "guest memory that shares its segment with older pages is refused",
	  stranger_in_the_segment_makes_it_2k, REFUSES },
	{ "code and prefix pages on 2K are refused, and run once mapped again",
	  prefix_and_code_on_2k_are_refused, REFUSES },
	{ "memory slots over 2K tables are added, moved, removed", slots_over_2k_come_and_go,
	  REFUSES },
	{ "the dirty log of a slot of both kinds", dirty_log_over_2k, REFUSES },
	{ "KVM_S390_MEM_OP works on both kinds", mem_op_over_2k, REFUSES },
	{ "a UCONTROL VM's faults are admitted by the same rule", ucontrol_faults_are_admitted_alike,
	  REFUSES },
	{ "CMMA reset leaves 2K tables alone", cmma_reset_leaves_2k_alone, REFUSES },
};

TAP_MAIN(tests)
