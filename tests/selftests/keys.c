// SPDX-License-Identifier: GPL-2.0
/*
 * What every operation on storage keys answers, for guest memory in every state it can
 * be in. It does not know what is right: each answer is a TAP line, and `check`
 * compares those of this kernel in a mixed process with those of stock Linux.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm.h"

#define CODE		GUEST_DATA		/* of the operations, in slot 0 */
#define PSW_64BIT	0x0000000180000000UL
#define OP_SIZE		32
#define GPA(scene)	((4 + (scene)) * GUEST_SEGMENT)
#define NEIGHBOUR	255			/* a page of each segment that is no operation's */

/* Address in gpr 2, key in gpr 3, which gets the answer; condition code to gpr 4. */
enum op { ISKE, RRBE, SSKE, PFMF, TPROT, TB, LOAD, STORE, IN_GUEST,
	  GET = IN_GUEST, SET, HOST_LOAD, HOST_STORE, DISCARD };
static const char *const op_name[] = {
	"iske", "rrbe", "sske", "pfmf", "tprot", "tb", "load", "store",
	"get", "set", "host-load", "host-store", "discard"
};

extern const uint8_t op_code[];

#define OP(insn) "\t.balign 32\n\t" insn "\n\tipm %r4\n\tdiag %r2,%r0,0x501\n"
asm(".pushsection .rodata\n"
	"	.balign 32\n"
	"op_code:\n"
	OP("iske %r3,%r2")
	OP("rrbe %r3,%r2")
	OP("sske %r3,%r2")
	OP(".insn rre,0xb9af0000,%r3,%r2")
	OP("tprot 0(%r2),0(%r3)")
	OP("tb %r0,%r2")
	OP("lg %r3,0(%r2)")
	OP("stg %r2,0(%r2)")
	"	.balign 32\n"
	".popsection");

struct step {
	enum op op;
	unsigned long key;
};

#define PFMF_SET	0x20000UL
#define PFMF_CLEAR	0x10000UL
#define PFMF_SEGMENT	0x1000UL
#define STEPS		8
#define NONE		{ -1, 0 }
/* Each on a page of its own, so that the first step meets the state of the scene. */
static const struct step sequences[][STEPS] = {
	{ { GET, 0 }, NONE },
	{ { ISKE, 0 }, { GET, 0 }, NONE },
	{ { RRBE, 0 }, { RRBE, 0 }, { ISKE, 0 }, NONE },
	{ { SSKE, 0x30 }, { ISKE, 0 }, { GET, 0 }, { HOST_STORE, 0 }, { ISKE, 0 }, { RRBE, 0 },
	  { ISKE, 0 }, NONE },
	{ { SET, 0x50 }, { ISKE, 0 }, { GET, 0 }, { STORE, 0 }, { GET, 0 }, NONE },
	{ { SET, 0 }, { ISKE, 0 }, { LOAD, 0 }, { ISKE, 0 }, NONE },
	{ { SET, 0x06 }, { ISKE, 0 }, { RRBE, 0 }, { GET, 0 }, NONE },
	{ { SSKE, 0 }, { ISKE, 0 }, { RRBE, 0 }, NONE },
	{ { PFMF, PFMF_SET | 0x70 }, { ISKE, 0 }, { GET, 0 }, NONE },
	{ { PFMF, PFMF_CLEAR }, { ISKE, 0 }, { GET, 0 }, NONE },
	{ { PFMF, PFMF_SET | PFMF_CLEAR | 0x98 }, { ISKE, 0 }, { GET, 0 }, NONE },
	{ { TPROT, 0x20 }, { ISKE, 0 }, NONE },
	{ { SSKE, 0x38 }, { TPROT, 0x20 }, { TPROT, 0x30 }, { LOAD, 0 }, { TPROT, 0x20 }, NONE },
	{ { TB, 0 }, { ISKE, 0 }, NONE },
	{ { LOAD, 0 }, { ISKE, 0 }, { RRBE, 0 }, NONE },
	{ { STORE, 0 }, { ISKE, 0 }, { RRBE, 0 }, { GET, 0 }, NONE },
	{ { HOST_LOAD, 0 }, { ISKE, 0 }, { RRBE, 0 }, NONE },
	{ { HOST_STORE, 0 }, { ISKE, 0 }, { RRBE, 0 }, { ISKE, 0 }, NONE },
	{ { SSKE, 0x40 }, { DISCARD, 0 }, { ISKE, 0 }, { GET, 0 }, { STORE, 0 }, { ISKE, 0 }, NONE },
	{ { STORE, 0 }, { SSKE, 0x40 }, { DISCARD, 0 }, { GET, 0 }, { LOAD, 0 }, { ISKE, 0 }, NONE },
	{ { DISCARD, 0 }, { ISKE, 0 }, { RRBE, 0 }, { ISKE, 0 }, NONE },
	/* the last: all of the segment */
	{ { PFMF, PFMF_SET | PFMF_SEGMENT | 0x60 }, { ISKE, 0 }, { GET, 0 }, NONE },
};
#define SEQUENCES	(sizeof(sequences) / sizeof(sequences[0]))

#define BEFORE_TABLE	1	/* before the VM: another page of the segment is touched */
#define BEFORE_READ	2	/* ... all of it is read, or written */
#define BEFORE_WRITE	4
#define AFTER_TABLE	8	/* the same when the VM exists and has the slot */
#define AFTER_READ	16
#define AFTER_WRITE	32
#define AGAIN		64	/* then mapped anew */
#define LATE		128	/* a slot of a guest that uses keys already */
#define PRIVATE		256
#define READONLY	512	/* what the process may do, at last */
#define NOTHING		1024
/*
 * Shared pages that were read before the VM: without ESOP a store of a guest on stock Linux
 * is a protection exception, as nobody makes the PTE writable. Promotion does. Not compared.
 */
#define NO_STORE	2048
#include "linux.h"	/* PRIVATE_NO_STORE */
static const struct scene {
	const char *name;
	unsigned int flags;
} scenes[] = {
	{ "never touched", 0 },
	{ "table before the VM", BEFORE_TABLE },
	{ "table after", AFTER_TABLE },
	{ "read before", BEFORE_READ | NO_STORE },
	{ "written before", BEFORE_WRITE },
	{ "read after", AFTER_READ },
	{ "written after", AFTER_WRITE },
	{ "written before, mapped anew", BEFORE_WRITE | AGAIN },
	{ "table before, read after", BEFORE_TABLE | AFTER_READ },
	{ "slot late, never touched", LATE },
	{ "slot late, table before", LATE | BEFORE_TABLE },
	{ "slot late, read before", LATE | BEFORE_READ | NO_STORE },
	{ "slot late, written before", LATE | BEFORE_WRITE },
	{ "slot late, written after", LATE | AFTER_WRITE },
	{ "slot late, table before, written after", LATE | BEFORE_TABLE | AFTER_WRITE },
	{ "private, never touched", PRIVATE },
	{ "private, table before", PRIVATE | BEFORE_TABLE },
	{ "private, read before", PRIVATE | BEFORE_READ | PRIVATE_NO_STORE },
	{ "private, written before", PRIVATE | BEFORE_WRITE },
	{ "private, read after", PRIVATE | AFTER_READ },
	{ "private, slot late, read before", PRIVATE | LATE | BEFORE_READ },
	{ "private, slot late, written before", PRIVATE | LATE | BEFORE_WRITE },
	{ "read-only, never touched", READONLY },
	{ "read-only, table before", READONLY | BEFORE_TABLE },
	{ "read-only, written before", READONLY | BEFORE_WRITE },
	{ "read-only, slot late, written before", READONLY | LATE | BEFORE_WRITE },
	{ "no access, never touched", NOTHING },
	{ "no access, table before", NOTHING | BEFORE_TABLE },
	{ "no access, written before", NOTHING | BEFORE_WRITE },
	{ "no access, slot late, table before", NOTHING | LATE | BEFORE_TABLE },
};
#define SCENES		(sizeof(scenes) / sizeof(scenes[0]))

static uint8_t *memory[SCENES];
static struct machine m;
static int tests;

static int map_flags(const struct scene *s)
{
	return s->flags & PRIVATE ? MAP_PRIVATE : MAP_SHARED;
}

static void touch(uint8_t *mem, unsigned int flags, unsigned int table)
{
	volatile uint8_t *page;
	int i;

	for (i = 0; i < NEIGHBOUR; i++) {
		page = mem + i * GUEST_PAGE;
		if (flags & table << 1)
			(void)*page;
		if (flags & table << 2)
			*page = i;
	}
	if (flags & table * 7)
		mem[NEIGHBOUR * GUEST_PAGE] = 1;
}

static int add_slot(unsigned int i)
{
	const struct scene *s = &scenes[i];
	int rc = vm_slot(&m.vm, i + 1, GPA(i), memory[i], GUEST_SEGMENT, 0);

	if (rc) {
		printf("Bail out! slot %u: %s\n", i, strerror(-rc));
		return rc;
	}
	if (s->flags & AGAIN)
		guest_memory_at(memory[i], GUEST_SEGMENT, map_flags(s));
	touch(memory[i], s->flags, AFTER_TABLE);
	if (s->flags & (READONLY | NOTHING))
		mprotect(memory[i], GUEST_SEGMENT, s->flags & NOTHING ? PROT_NONE : PROT_READ);
	return 0;
}

static void in_guest(const struct step *step, uint64_t gpa)
{
	struct kvm_run *run = m.cpu.run;
	int rc;

	run->psw_mask = PSW_64BIT;
	run->psw_addr = CODE + step->op * OP_SIZE;
	run->s.regs.gprs[0] = 0;
	run->s.regs.gprs[2] = gpa;
	run->s.regs.gprs[3] = step->key;
	rc = vcpu_run(&m.cpu);
	if (rc < 0)
		printf(" %s", strerror(-rc));
	else if (!rc)
		printf(" %s", vcpu_exit_text(&m.cpu));
	else if (run->psw_addr < CODE)
		printf(" interruption %lx", m.ctl->pgm);
	else
		printf(" %llx cc %llu", (unsigned long long)(run->s.regs.gprs[3] & 0xffffff),
		       (unsigned long long)(run->s.regs.gprs[4] >> 28 & 3));
}

static void do_step(const struct scene *s, const struct step *step, uint64_t gpa, uint8_t *page)
{
	uint8_t key = step->key;
	int rc;

	if (s->flags & NO_STORE && (step->op == STORE || step->op == TPROT))
		return;
	printf(" %s", op_name[step->op]);
	switch (step->op) {
	case GET:
		rc = vm_get_keys(&m.vm, gpa / GUEST_PAGE, 1, &key);
		if (rc)
			printf(" %d", rc);
		else
			printf(" %x", key);
		break;
	case SET:
		printf(" %x: %d", key, vm_set_keys(&m.vm, gpa / GUEST_PAGE, 1, &key));
		break;
	case HOST_LOAD:
		if (!(s->flags & NOTHING))
			printf(" %x", *(volatile uint8_t *)page);
		break;
	case HOST_STORE:
		if (!(s->flags & (NOTHING | READONLY)))
			*(volatile uint8_t *)page = 0x5a;
		break;
	case DISCARD:
		/* of shared memory it is the page that goes, not the contents */
		printf(" %d", madvise(page, GUEST_PAGE, MADV_DONTNEED));
		break;
	default:
		in_guest(step, gpa);
	}
	printf(",");
}

static void do_scene(unsigned int i)
{
	const struct step *step;
	unsigned int n;

	for (n = 0; n < SEQUENCES; n++) {
		uint64_t at = n == SEQUENCES - 1 ? 0 : (n + 1) * GUEST_PAGE;

		printf("ok %d %s:", ++tests, scenes[i].name);
		for (step = sequences[n]; (int)step->op >= 0; step++)
			do_step(&scenes[i], step, GPA(i) + at, memory[i] + at);
		printf("\n");
	}
}

int main(void)
{
	const struct step first = { ISKE, 0 };
	unsigned int i;
	int rc;

	for (i = 0; i < SCENES; i++) {
		memory[i] = guest_memory(GUEST_SEGMENT, map_flags(&scenes[i]));
		if (!memory[i]) {
			perror("mmap");
			return 1;
		}
		touch(memory[i], scenes[i].flags, BEFORE_TABLE);
	}
	rc = machine_create(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED);
	if (rc) {
		printf("KVM_CREATE_VM: %s\n", strerror(-rc));
		return 1;
	}
	memcpy(m.mem + CODE, op_code, IN_GUEST * OP_SIZE);

	for (i = 0; i < SCENES; i++)
		if (!(scenes[i].flags & LATE) && add_slot(i))
			return 1;
	printf("ok %d keys are not in use yet:", ++tests);
	do_step(&scenes[0], &(struct step){ GET, 0 }, GPA(0), memory[0]);
	printf("\nok %d and now they are:", ++tests);
	do_step(&scenes[0], &first, CODE, m.mem + CODE);
	printf("\n");
	for (i = 0; i < SCENES; i++)
		if (scenes[i].flags & LATE && add_slot(i))
			return 1;
	for (i = 0; i < SCENES; i++)
		do_scene(i);
	printf("1..%d\n", tests);
	machine_destroy(&m);
	return 0;
}
