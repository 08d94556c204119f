// SPDX-License-Identifier: GPL-2.0
/*
 * One random sequence of what guests and their VMM do, a line for each step with what
 * could be seen of it. It knows nothing of what is right: `check-differ` compares the lines of
 * kernels and of processes with one or two kinds of page table.
 *
 * differ FIRST COUNT: the seeds. Nothing that is printed depends on time, on addresses of the
 * process or on frames. Each line begins with =, since Hercules breaks lines now and then.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"
#include "fuzz.h"

#define STEPS		150
#define PARTS		6			/* pieces of guest memory, each a segment and a slot */
#define PART_PAGES	(SEGMENT / PAGE)
#define PAGES_USED	12			/* of each: steps are to meet */
#define MACHINES	2
#define CODE		(GUEST_DATA + 0x10000)
#define HOME(i)		((uint64_t)(4 + (i)) * SEGMENT)	/* guest address of a part */
#define MACHINE_SIZE	(2 * SEGMENT)
#define DIAG_END	0x83230501U
#define PSW_64BIT	0x0000000180000000UL

struct part {
	uint8_t *mem;
	int shared, fd, used;
	int prot;
	unsigned int logging[MACHINES], in_slot[MACHINES];
};

static struct stream random_steps;
static struct part parts[PARTS];
static struct machine machines[MACHINES];	/* vm.fd < 0: not there */

static unsigned long any(unsigned long n)
{
	return below(&random_steps, n);
}

static struct part *some_part(void)
{
	return &parts[any(PARTS)];
}

static unsigned int nr(const struct part *p)
{
	return p - parts;
}

/* The same pages over and over; now and then another. */
static unsigned long some_page(void)
{
	return any(16) ? any(PAGES_USED) * 20 % PART_PAGES : any(PART_PAGES);
}

static uint8_t *page_of(const struct part *p, unsigned long page)
{
	return p->mem + page * PAGE;
}

static struct machine *some_machine(void)
{
	struct machine *m = &machines[any(8) ? 0 : 1];

	return m->vm.fd >= 0 ? m : &machines[0];
}

static void map_part(struct part *p)
{
	p->prot = PROT_READ | PROT_WRITE;
	if (p->fd >= 0)
		mmap(p->mem, SEGMENT, p->prot, MAP_FIXED | MAP_SHARED, p->fd, 0);
	else
		guest_memory_at(p->mem, SEGMENT, p->shared ? MAP_SHARED : MAP_PRIVATE);
}

/* One instruction, or some, on a machine; prints how it went. */
static void run_code(struct machine *m, const void *code, size_t size, const uint64_t *gprs)
{
	struct kvm_run *run = m->cpu.run;
	uint64_t sum = 0;
	int rc, i;

	/* what a program before this one may have done to it */
	guest_load(m->mem);
	memcpy(m->mem + CODE, code, size);
	memcpy(m->mem + CODE + size, &(uint32_t){ DIAG_END }, 4);
	run->psw_mask = PSW_64BIT;
	run->psw_addr = CODE;
	memcpy(run->s.regs.gprs, gprs, 16 * sizeof(*gprs));
	run->s.regs.prefix = 0;
	run->kvm_dirty_regs |= KVM_SYNC_GPRS | KVM_SYNC_PREFIX;
	m->cpu.stop = 0;
	alarm(5);
	rc = vcpu_run(&m->cpu);
	alarm(0);
	if (rc < 0)
		printf(" KVM_RUN %d", rc);
	else if (!rc)
		printf(" %s", vcpu_exit_text(&m->cpu));
	else if (run->psw_addr < CODE)
		printf(" interruption %lx at %lx", m->ctl->pgm, m->ctl->psw_addr);
	for (i = 0; i < 16; i++)
		sum = sum * 31 + run->s.regs.gprs[i];
	printf(" gprs %llx cc %llu", (unsigned long long)sum,
	       (unsigned long long)(run->psw_mask >> 44 & 3));
}

/*
 * Without ESOP a guest's store to what the host has not made writable is a protection
 * exception of the guest. Whether the host has is its own affair: let it be so.
 */
static void make_writable(struct part *p, unsigned long page)
{
	volatile uint8_t *at = page_of(p, page);

	if (p->prot & PROT_WRITE)
		*at = *at;
}

#define NOP	0x07000700

/* RRE: key or value in gpr 8, address in gpr 1. */
static const struct op {
	const char *name;
	uint32_t code[3];
	unsigned int stores;
} ops[] = {
	{ "iske", { 0xb2290081, 0x07000700, NOP }, 0 },
	{ "rrbe", { 0xb22a0081, 0x07000700, NOP }, 0 },
	{ "sske", { 0xb22b0081, 0x07000700, NOP }, 0 },
	{ "pfmf", { 0xb9af0081, 0x07000700, NOP }, 1 },
	{ "tb", { 0xb22c0001, 0x07000700, NOP }, 1 },
	/* behind a load: whether KVM or SIE answers depends on whether the page is there */
	{ "tprot", { 0xe3801000, 0x0004e501, 0x10008000 }, 1 },
	{ "lg", { 0xe3801000, 0x00040700, NOP }, 0 },
	{ "stg", { 0xe3801000, 0x00240700, NOP }, 1 },
	{ "mvpg", { 0xb2540012, 0x07000700, NOP }, 1 },
	{ "cs", { 0xba891000, 0x07000700, NOP }, 1 },
};
#define OPS	(sizeof(ops) / sizeof(ops[0]))

static void guest_op(void)
{
	const struct op *op = &ops[any(OPS)];
	struct part *p = some_part();
	unsigned long page = some_page();
	uint64_t gprs[16] = { 0 };

	gprs[1] = HOME(nr(p)) + page * PAGE;
	gprs[2] = HOME(any(PARTS)) + some_page() * PAGE;
	gprs[8] = any(2) ? any(256) & 0xfe : 0;
	if (op->code[0] == 0xb9af0081)		/* PFMF: set key, clear, both, of one page */
		gprs[8] |= (1 + any(3)) << 16;
	printf(" %s part %u page %lu, %llx:", op->name, nr(p), page, (unsigned long long)gprs[8]);
	if (op->stores)
		make_writable(p, page);
	run_code(some_machine(), op->code, sizeof(op->code), gprs);
}

static void guest_program(void)
{
	uint64_t gprs[16];
	uint8_t code[64];
	size_t size = code_make(&random_steps, code, 8 + any(40), 1);
	int i;

	for (i = 0; i < 16; i++)
		gprs[i] = i < 8 ? HOME(any(PARTS)) + some_page() * PAGE + any(2) * 8 * any(500) :
			any(256);
	printf(" program of %zu:", size);
	for (i = 1; i < 8; i++)
		make_writable(&parts[(gprs[i] - HOME(0)) / SEGMENT], gprs[i] / PAGE % PART_PAGES);
	run_code(some_machine(), code, size, gprs);
}

static void get_keys(void)
{
	struct machine *m = some_machine();
	struct part *p = some_part();
	uint8_t keys[32] = { 0 };
	unsigned long page = some_page(), n = 1 + any(any(4) ? 1 : 32), i;
	int rc;

	if (page + n > PART_PAGES)
		n = PART_PAGES - page;
	rc = vm_get_keys(&m->vm, HOME(nr(p)) / PAGE + page, n, keys);
	printf(" part %u pages %lu+%lu: %d", nr(p), page, n, rc);
	for (i = 0; i < n; i++)
		printf(" %02x", keys[i]);
}

static void set_some_keys(void)
{
	struct machine *m = some_machine();
	struct part *p = some_part();
	uint8_t keys[32];
	unsigned long page = some_page(), n = 1 + any(any(4) ? 1 : 32), i;

	if (page + n > PART_PAGES)
		n = PART_PAGES - page;
	for (i = 0; i < n; i++)
		keys[i] = any(3) ? any(128) << 1 : 0;
	printf(" part %u pages %lu+%lu from %02x: %d", nr(p), page, n, keys[0],
	       vm_set_keys(&m->vm, HOME(nr(p)) / PAGE + page, n, keys));
}

static void dirty_log(void)
{
	uint8_t bitmap[PART_PAGES / 8];
	struct machine *m = some_machine();
	struct part *p = some_part();
	int rc;
	unsigned int i;

	memset(bitmap, 0, sizeof(bitmap));
	rc = vm_dirty_log(&m->vm, nr(p) + 1, bitmap);
	printf(" part %u: %d", nr(p), rc);
	for (i = 0; !rc && i < PART_PAGES; i++)
		if (is_dirty(bitmap, i))
			printf(" %u", i);
}

static void host_store(void)
{
	struct part *p = some_part();
	unsigned long page = some_page();

	printf(" part %u page %lu", nr(p), page);
	if (p->prot & PROT_WRITE)
		*(volatile uint64_t *)page_of(p, page) = random_steps.state;
}

static void host_load(void)
{
	struct part *p = some_part();
	unsigned long page = some_page();

	printf(" part %u page %lu:", nr(p), page);
	if (p->prot & PROT_READ)
		printf(" %llx", (unsigned long long)*(volatile uint64_t *)page_of(p, page));
}

static void advise(void)
{
	static const struct {
		int advice;
		const char *name;
	} advices[] = {
		{ MADV_DONTNEED, "dontneed" }, { MADV_PAGEOUT, "pageout" }, { MADV_COLD, "cold" },
		{ MADV_REMOVE, "remove" }, { MADV_POPULATE_WRITE, "populate" },
	};
	struct part *p = some_part();
	unsigned long page = some_page(), n = any(4) ? 1 : PART_PAGES - page, i = any(5);

	printf(" part %u pages %lu+%lu %s:", nr(p), page, n, advices[i].name);
	printf(" %d", madvise(page_of(p, page), n * PAGE, advices[i].advice) ? errno : 0);
}

static void protect(void)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };
	struct part *p = some_part();

	p->prot = prots[any(4)];
	printf(" part %u %x: %d", nr(p), p->prot, mprotect(p->mem, SEGMENT, p->prot));
}

static void map_anew(void)
{
	struct part *p = some_part();

	printf(" part %u", nr(p));
	map_part(p);
}

/* Away and back: its entries move from table to table. */
static void move(void)
{
	struct part *p = some_part();
	uint8_t *away = guest_memory(SEGMENT, MAP_PRIVATE);

	printf(" part %u", nr(p));
	if (mremap(p->mem, SEGMENT, SEGMENT, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away)
		mremap(away, SEGMENT, SEGMENT, MREMAP_MAYMOVE | MREMAP_FIXED, p->mem);
	else
		munmap(away, SEGMENT);
}

/*
 * When memory that was used before the VM shows in its first logs is the kernel's affair:
 * too early, too late and not at all are all right. So that is not logged.
 */
static unsigned int some_logging(const struct part *p, int in_slot)
{
	return any(2) && in_slot && !p->used ? KVM_MEM_LOG_DIRTY_PAGES : 0;
}

static void slot(void)
{
	struct machine *m = some_machine();
	struct part *p = some_part();
	unsigned int *there = &p->in_slot[m - machines], *log = &p->logging[m - machines];
	int rc;

	if (*there && any(2)) {
		*there = 0;
		*log = 0;
		rc = vm_slot(&m->vm, nr(p) + 1, HOME(nr(p)), p->mem, 0, 0);
	} else {
		*there = 1;
		*log = some_logging(p, 1);
		rc = vm_slot(&m->vm, nr(p) + 1, HOME(nr(p)), p->mem, SEGMENT, *log);
	}
	printf(" machine %d part %u %s: %d", (int)(m - machines), nr(p),
	       !*there ? "gone" : *log ? "logged" : "there", rc);
}

/* The second VM comes and goes; the keys are those of the memory. */
static void second_vm(void)
{
	struct machine *m = &machines[1];
	unsigned int i;

	if (m->vm.fd >= 0) {
		printf(" goes");
		machine_destroy(m);
		m->vm.fd = -1;
		for (i = 0; i < PARTS; i++)
			parts[i].in_slot[1] = parts[i].logging[1] = 0;
		return;
	}
	i = any(2) ? KVM_VM_S390_LATE_MMAP : 0;
	if (kvm_capability(KVM_CAP_S390_LATE_MMAP) != 1)
		i = 0;
	printf(" comes: %d", machine_create(m, i, MACHINE_SIZE, MAP_SHARED));
}

static void fill_slots(void)
{
	unsigned int i;

	for (i = 0; i < PARTS; i++) {
		parts[i].in_slot[0] = any(4) > 0;
		parts[i].logging[0] = some_logging(&parts[i], parts[i].in_slot[0]);
		if (parts[i].in_slot[0])
			vm_slot(&machines[0].vm, i + 1, HOME(i), parts[i].mem, SEGMENT,
				parts[i].logging[0]);
	}
}

static void make_first(void)
{
	int rc = machine_create(&machines[0], 0, MACHINE_SIZE, MAP_SHARED);

	require(!rc, "a machine: %s", strerror(-rc));
}

/*
 * The keys that the last VM has left. Reference and change bits may come back set: here
 * they become the same again.
 */
static void show_keys_left(const struct part *p)
{
	struct vm *vm = &machines[0].vm;
	uint64_t gfn = HOME(nr(p)) / PAGE;
	uint8_t key, before = 0xff;
	unsigned long page;

	vm_slot(vm, nr(p) + 1, HOME(nr(p)), p->mem, SEGMENT, 0);
	for (page = 0; page < PART_PAGES; page++) {
		key = 0;
		if (vm_get_keys(vm, gfn + page, 1, &key) < 0)
			continue;
		key |= 6;
		if (key != before)
			printf(" %u.%lu: %02x", nr(p), page, key & 0xf8);
		before = key;
		vm_set_keys(vm, gfn + page, 1, &key);
	}
	vm_slot(vm, nr(p) + 1, HOME(nr(p)), p->mem, 0, 0);
}

static void first_vm_anew(void)
{
	unsigned long page;
	unsigned int i;

	if (machines[1].vm.fd >= 0)
		return;
	/* Enabling keys resets those of writable pages; others read what their frame had. */
	for (i = 0; i < PARTS; i++)
		for (page = 0; page < PART_PAGES; page++)
			make_writable(&parts[i], page);
	machine_destroy(&machines[0]);
	usleep(any(60000));		/* in demotion, or after it */
	make_first();
	for (i = 0; i < PARTS; i++) {
		show_keys_left(&parts[i]);
		parts[i].used = 1;	/* so it is not logged, see some_logging() */
	}
	fill_slots();
}

static void mem_op(void)
{
	struct machine *m = some_machine();
	struct part *p = some_part();
	uint64_t value = random_steps.state;
	struct kvm_s390_mem_op op = {
		.gaddr = HOME(nr(p)) + some_page() * PAGE, .size = sizeof(value),
		.op = any(2) ? KVM_S390_MEMOP_ABSOLUTE_READ : KVM_S390_MEMOP_ABSOLUTE_WRITE,
		.buf = (uintptr_t)&value, .flags = KVM_S390_MEMOP_F_SKEY_PROTECTION, .key = any(16),
	};
	int rc = ioctl(m->vm.fd, KVM_S390_MEM_OP, &op);

	printf(" part %u %llx %s key %u: %d", nr(p), op.gaddr,
	       op.op == KVM_S390_MEMOP_ABSOLUTE_READ ? "read" : "write", op.key, rc < 0 ? -errno : rc);
	if (!rc)
		printf(" %llx", (unsigned long long)value);
}

static void fault(void)
{
	struct machine *m = some_machine();
	struct part *p = some_part();
	uint64_t at = HOME(nr(p)) + some_page() * PAGE;
	int rc = ioctl(m->cpu.fd, KVM_S390_VCPU_FAULT, at);

	printf(" part %u: %d", nr(p), rc < 0 ? -errno : rc);
}

/* Nothing of it may be seen. Stock Linux cannot, and with DIFFER_STILL we do not. */
static void relocate(void)
{
	struct part *p = some_part();
	int fd = getenv("DIFFER_STILL") ? -1 :
		open("/sys/kernel/debug/pgmix/relocate", O_WRONLY | O_CLOEXEC);

	printf(" part %u", nr(p));
	if (fd < 0)
		return;
	dprintf(fd, "%d %lx %lx", getpid(), (unsigned long)p->mem, (unsigned long)p->mem + SEGMENT);
	close(fd);
}

static void fork_child(void)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(0);
	waitpid(pid, &status, 0);
}

static const struct step {
	struct choice choice;
	void (*run)(void);
} steps[] = {
	{ { "guest", 60 }, guest_op },
	{ { "guest", 12 }, guest_program },
	{ { "get keys", 20 }, get_keys },
	{ { "set keys", 12 }, set_some_keys },
	{ { "dirty log", 10 }, dirty_log },
	{ { "host stores", 10 }, host_store },
	{ { "host loads", 10 }, host_load },
	{ { "advise", 12 }, advise },
	{ { "protect", 6 }, protect },
	{ { "map anew", 3 }, map_anew },
	{ { "move", 3 }, move },
	{ { "slot", 6 }, slot },
	{ { "second VM", 3 }, second_vm },
	{ { "first VM anew", 2 }, first_vm_anew },
	{ { "mem op", 6 }, mem_op },
	{ { "fault", 6 }, fault },
	{ { "relocate", 6 }, relocate },
	{ { "fork", 1 }, fork_child },
	{ { NULL, 0 }, NULL },
};

/* Memory of all kinds, some of it used before there is a VM. */
static void prepare(void)
{
	unsigned long page;
	unsigned int i;

	for (i = 0; i < PARTS; i++) {
		struct part *p = &parts[i];

		p->mem = guest_memory(SEGMENT, MAP_PRIVATE);
		p->shared = any(4);
		p->fd = p->shared && any(2) ? memfd_create("part", MFD_CLOEXEC) : -1;
		require(p->mem && (p->fd < 0 || !ftruncate(p->fd, SEGMENT)), "memory");
		map_part(p);
		p->used = any(3);	/* nothing, one page, all */
		for (page = 0; page < PART_PAGES; page++)
			if (p->used == 2 || (p->used == 1 && page == PART_PAGES - 1))
				*page_of(p, page) = page;
		printf("=part %u: %s, %s\n", i, !p->shared ? "private" : p->fd < 0 ? "shared" : "file",
		       p->used == 2 ? "used" : p->used ? "has a table" : "never used");
	}
	machines[1].vm.fd = -1;
	make_first();
	fill_slots();
}

static void stop_guest(int sig)
{
	int i;

	(void)sig;
	for (i = 0; i < MACHINES; i++)
		machines[i].cpu.stop = 1;
}

static void play(unsigned int seed)
{
	struct sigaction act = { .sa_handler = stop_guest };
	const struct step *step;
	int i;

	sigaction(SIGALRM, &act, NULL);
	random_steps = derive(seed, 0, 0, 0);
	prepare();
	for (i = 0; i < STEPS; i++) {
		step = PICK(&random_steps, steps);
		/* a step takes from its own stream: the next one is the same whatever it did */
		struct stream next = derive(seed, 1, i, 0), before = random_steps;

		random_steps = next;
		printf("=%d %s", i, step->choice.name);
		step->run();
		printf("\n");
		random_steps = before;
	}
}

int main(int argc, char **argv)
{
	unsigned int seed, last;
	int status;
	pid_t pid;

	if (argc != 3) {
		fprintf(stderr, "usage: %s FIRST COUNT\n", argv[0]);
		return 2;
	}
	seed = strtoul(argv[1], NULL, 0);
	last = seed + strtoul(argv[2], NULL, 0) - 1;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	run_first_guests();
	swap_on(64);
	for (; seed <= last; seed++) {
		printf("=seed %u\n", seed);
		fflush(stdout);
		pid = fork();
		if (!pid) {
			play(seed);
			fflush(stdout);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		printf("=seed %u ended with %d\n", seed, status);
		fflush(stdout);
	}
	swap_off();
	return 0;
}
