// SPDX-License-Identifier: GPL-2.0
/* Random calls of KVM, and vCPUs that run random instructions. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define GUEST_SEGMENTS	16		/* where slots are put */
#define SLOTS		4
#define LOWCORE_NEW	0x1a0		/* the six new PSWs */
#define TABLES		0x8000		/* a segment table of the guest and its page tables */
#define PSW_64BIT	0x0000000180000000UL
#define PSW_DAT		0x0400000000000000UL
#define LOOP		14		/* gpr: how often to go on after an interruption */

static struct fuzz_vm *some_vm(struct worker *w)
{
	return &w->p->vm[below(&w->random, VMS)];
}

static uint64_t some_gpa(struct stream *s)
{
	uint64_t gpa = below(s, one_in(s, 4) ? GUEST_SEGMENTS : 4) * SEGMENT;

	if (one_in(s, 32))
		return rnd(s);
	return gpa + below(s, 256) * PAGE + (one_in(s, 3) ? below(s, PAGE) : 0);
}

uint64_t some_pointer(struct worker *w)
{
	static const uint64_t nobodys[] = { 0, 1, -PAGE, 1UL << 53, 0xdead000 };

	if (one_in(&w->random, 12))
		return nobodys[below(&w->random, 5)];
	if (one_in(&w->random, 4))
		return (uintptr_t)w->p->arena + below(&w->random, ARENA);
	return (uintptr_t)w->scratch;
}

/* Take the descriptor out of its place, so that it is closed once. */
static void drop(atomic_int *fd)
{
	int old = atomic_exchange(fd, -1);

	if (old >= 0)
		close(old);
}

/* Or put it there, unless there is one. */
static int put(atomic_int *place, int fd)
{
	int none = -1;

	if (fd >= 0 && atomic_compare_exchange_strong(place, &none, fd))
		return 1;
	if (fd >= 0)
		close(fd);
	return 0;
}

static void set_slot(struct fuzz_vm *v, unsigned int slot, uint64_t gpa, void *hva, size_t size,
		     unsigned int flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa, .memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	ioctl(v->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static void *home_of(struct player *p, struct fuzz_vm *v)
{
	return p->arena + (v - p->vm) * 8 * SEGMENT;
}

static void create_vm(struct worker *w)
{
	static const unsigned long types[] = {
		0, 0, 0, 0, KVM_VM_S390_LATE_MMAP, KVM_VM_S390_LATE_MMAP, KVM_VM_S390_UCONTROL,
		KVM_VM_S390_UCONTROL | KVM_VM_S390_LATE_MMAP, 4, -1UL,
	};
	unsigned long type = types[below(&w->random, sizeof(types) / sizeof(types[0]))];
	struct fuzz_vm *v = some_vm(w);

	if (v->fd >= 0 || !put(&v->fd, ioctl(w->p->kvm, KVM_CREATE_VM, type)))
		return;
	v->ucontrol = type & KVM_VM_S390_UCONTROL;
	set_slot(v, 0, 0, home_of(w->p, v), 4 * SEGMENT,
		 one_in(&w->random, 2) ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

/* vCPUs first, last or not at all: they keep the VM. */
static void close_one(struct stream *s, struct fuzz_vm *v)
{
	int i, order = below(s, 3);

	if (order == 0)
		drop(&v->fd);
	for (i = 0; i < CPUS && order < 2; i++)
		drop(&v->cpu[i]);
	drop(&v->flic);
	drop(&v->fd);
}

static void close_vm(struct worker *w)
{
	close_one(&w->random, some_vm(w));
}

/* The last one goes: tables are demoted. Memory used before the next one comes is promoted. */
static void close_all(struct worker *w)
{
	int i;

	for (i = 0; i < VMS; i++)
		close_one(&w->random, &w->p->vm[i]);
}

static void create_cpu(struct worker *w)
{
	struct fuzz_vm *v = some_vm(w);
	int i = below(&w->random, CPUS);
	unsigned long id = one_in(&w->random, 16) ? rnd(&w->random) % 300 : (unsigned long)i;

	if (v->cpu[i] >= 0 || !put(&v->cpu[i], ioctl(v->fd, KVM_CREATE_VCPU, id)))
		return;
	mmap(v->run[i], w->p->run_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
	     v->cpu[i], 0);
}

static void close_cpu(struct worker *w)
{
	drop(&some_vm(w)->cpu[below(&w->random, CPUS)]);
}

static void slot(struct worker *w)
{
	struct stream *s = &w->random;
	struct fuzz_vm *v = some_vm(w);
	size_t size = (one_in(s, 12) ? 0 : 1 + below(s, 4)) * SEGMENT;
	uint8_t *hva = w->p->arena + below(s, ARENA_SEGMENTS - 4) * SEGMENT;

	if (one_in(s, 4))
		set_slot(v, 0, 0, home_of(w->p, v), 4 * SEGMENT, below(s, 4));
	else
		set_slot(v, below(s, SLOTS), below(s, GUEST_SEGMENTS) * SEGMENT,
			 one_in(s, 16) ? (void *)some_pointer(w) : hva, size, below(s, 3));
}

/* The segment table for segments 0 to 7, mostly one to one. */
static void guest_tables(struct stream *s, uint8_t *mem)
{
	uint64_t *table = (uint64_t *)(mem + TABLES), *pte;
	unsigned int i, j;

	for (i = 0; i < 8; i++) {
		table[i] = TABLES + (i + 2) * 2048;
		pte = (uint64_t *)(mem + table[i]);
		for (j = 0; j < 256; j++)
			pte[j] = (i * SEGMENT + j * PAGE) | (one_in(s, 8) ? rnd(s) & 0x600 : 0);
		if (one_in(s, 8))
			table[i] |= below(s, 0x40);
	}
}

/*
 * What a program begins with. After an interruption it goes on at its end, which goes
 * back into it some times.
 */
static void set_state(struct worker *w, struct kvm_run *run, uint8_t *mem, uint64_t code,
		      uint64_t end)
{
	struct stream *s = &w->random;
	uint64_t *new, mask = PSW_64BIT;
	unsigned int i;

	if (one_in(s, 3))
		mask |= PSW_DAT;
	if (one_in(s, 3))
		mask |= rnd(s) & 0x03f7f00000000000UL;
	run->psw_mask = mask;
	run->psw_addr = code;
	if (one_in(s, 4)) {
		run->s.regs.prefix = below(s, 4 * SEGMENT / 0x2000) * 0x2000;
		run->kvm_dirty_regs |= KVM_SYNC_PREFIX;
	}
	new = (uint64_t *)(mem + (run->s.regs.prefix & 0x3fe000) + LOWCORE_NEW);
	for (i = 0; i < 6; i++) {
		new[2 * i] = PSW_64BIT;
		new[2 * i + 1] = end;
	}
	for (i = 0; i < 16; i++)
		run->s.regs.gprs[i] = i < 8 ? some_gpa(s) : one_in(s, 4) ? below(s, 3) : rnd(s);
	run->s.regs.gprs[LOOP] = 1 + below(s, 16);
	run->kvm_dirty_regs |= KVM_SYNC_GPRS;
	if (one_in(s, 2))
		return;
	/* address spaces: real, or the tables above */
	run->s.regs.crs[0] = 0xe0 | (one_in(s, 3) ? rnd(s) & 0x1f0dff50UL : 0);
	for (i = 1; i < 16; i++)
		run->s.regs.crs[i] = i == 1 || i == 7 || i == 13 ? (one_in(s, 2) ? 0x20 : TABLES) :
			i == 6 ? 0xff000000UL : i == 14 ? 0xc0000000UL : 0;
	run->kvm_dirty_regs |= KVM_SYNC_CRS;
	guest_tables(s, mem);
}

/* brctg %r14,somewhere back; diag %r2,%r3,0x501 */
static void end_code(struct stream *s, uint8_t *to, size_t size)
{
	const uint16_t code[] = { 0xa707 | LOOP << 4, -(uint16_t)(below(s, size / 2) + 1), 0x8323, 0x501 };

	memcpy(to, code, sizeof(code));
}

static void run(struct worker *w)
{
	struct stream *s = &w->random;
	struct fuzz_vm *v = some_vm(w);
	unsigned int i = below(s, CPUS), n, size;
	struct kvm_run *run = v->run[i];
	uint8_t *mem = home_of(w->p, v);
	uint64_t code;

	if (v->cpu[i] < 0) {
		create_vm(w);
		create_cpu(w);
		return;
	}
	code = below(s, 4 * SEGMENT / PAGE) * PAGE;
	size = code_make(s, mem + code, 32 + below(s, one_in(s, 4) ? 1024 : 96), 0);
	end_code(s, mem + code + size, size);
	set_state(w, run, mem, code, code + size);
	run->immediate_exit = one_in(s, 32);
	for (n = 1 + below(s, 3); n; n--)
		if (ioctl(v->cpu[i], KVM_RUN, 0) && errno != EINTR && errno != EFAULT)
			break;
}

/* Any byte of what KVM and we share. */
static void scribble(struct worker *w)
{
	struct kvm_run *run = some_vm(w)->run[below(&w->random, CPUS)];

	((uint8_t *)run)[below(&w->random, sizeof(*run))] = rnd(&w->random);
	run->kvm_dirty_regs = rnd(&w->random);
}

/*
 * The ioctls. A call's argument is described by a letter for each field, small ones are of
 * 64, capitals of 32 bits; after = it is the argument itself.
 */
static const uint32_t irq_types[] = {
	KVM_S390_SIGP_STOP, KVM_S390_PROGRAM_INT, KVM_S390_SIGP_SET_PREFIX, KVM_S390_RESTART,
	KVM_S390_INT_PFAULT_INIT, KVM_S390_INT_PFAULT_DONE, KVM_S390_MCHK,
	KVM_S390_INT_CLOCK_COMP, KVM_S390_INT_CPU_TIMER, KVM_S390_INT_VIRTIO,
	KVM_S390_INT_SERVICE, KVM_S390_INT_EMERGENCY, KVM_S390_INT_EXTERNAL_CALL,
	KVM_S390_INT_IO(0, 0, 0, 1),
};

static const uint32_t caps[] = {
	KVM_CAP_S390_CSS_SUPPORT, KVM_CAP_S390_IRQCHIP, KVM_CAP_S390_USER_SIGP,
	KVM_CAP_S390_VECTOR_REGISTERS, KVM_CAP_S390_RI, KVM_CAP_S390_AIS, KVM_CAP_S390_GS,
	KVM_CAP_S390_HPAGE_1M, KVM_CAP_S390_USER_STSI, KVM_CAP_S390_USER_INSTR0,
	KVM_CAP_S390_CPU_TOPOLOGY,
};

#define ANY(s, array)	((array)[below(s, sizeof(array) / sizeof((array)[0]))])

static uint64_t field(struct worker *w, char letter)
{
	struct stream *s = &w->random;

	switch (letter | 0x20) {
	case 'a':	/* memory of the process */
		return (uintptr_t)w->p->arena + below(s, ARENA_SEGMENTS) * SEGMENT;
	case 'b':	/* flags, an operation, a slot, a group */
		return below(s, one_in(s, 8) ? 16 : 4);
	case 'c':
		return ANY(s, caps);
	case 'f':	/* guest frame */
		return some_gpa(s) / PAGE;
	case 'g':	/* guest address */
		return some_gpa(s);
	case 'i':
		return ANY(s, irq_types);
	case 'n':	/* length or number */
		return one_in(s, 16) ? rnd(s) : one_in(s, 2) ? 1 + below(s, 64) : below(s, SCRATCH);
	case 'o':	/* a register */
		return KVM_REG_S390_TODPR + below(s, 10) +
			one_in(s, 2) * (KVM_REG_SIZE_U64 - KVM_REG_SIZE_U32);
	case 'p':
		return some_pointer(w);
	case 's':	/* segments of a guest */
		return below(s, GUEST_SEGMENTS) * SEGMENT;
	case 'y':	/* access register and key, in two bytes */
		return below(s, 16) << 8 | below(s, 17);
	case 'z':
		return 0;
	}
	return rnd(s);
}

/* What the pointers point to: irqs, breakpoints, keys, values are all made of these. */
static void fill_scratch(struct worker *w)
{
	static const char letters[] = "ggibbrz";
	unsigned int i;

	for (i = 0; i < 64; i++)
		((uint64_t *)w->scratch)[i] = field(w, letters[below(&w->random, 7)]);
}

static uint64_t argument(struct worker *w, const char *fields)
{
	uint8_t *to = (uint8_t *)w->arg;
	uint64_t value;

	if (*fields == '=')
		return field(w, fields[1]);
	memset(w->arg, 0, sizeof(w->arg));
	for (; *fields; fields++) {
		value = field(w, *fields);
		if (*fields == 'y') {
			memcpy(to, (uint8_t *)&value + 6, 2);
			to += 2;
		} else if (*fields >= 'a') {
			memcpy(to, &value, 8);
			to += 8;
		} else {
			memcpy(to, (uint8_t *)&value + 4, 4);
			to += 4;
		}
	}
	return (uintptr_t)w->arg;
}

enum { SYSTEM, VM, CPU, FLIC };

static struct call {
	struct choice choice;
	unsigned int on;
	unsigned long request;
	const char *fields;
	int exact;		/* no byte of the argument is changed, see `known` */
} kvm_calls[] = {
	{ { "api-version", 1 }, SYSTEM, KVM_GET_API_VERSION, "=n", 0 },
	{ { "check-extension", 1 }, SYSTEM, KVM_CHECK_EXTENSION, "=n", 0 },
	{ { "enable-sie", 1 }, SYSTEM, KVM_S390_ENABLE_SIE, "=z", 0 },
	{ { "get-skeys", 6 }, VM, KVM_S390_GET_SKEYS, "fnp", 0 },
	{ { "set-skeys", 6 }, VM, KVM_S390_SET_SKEYS, "fnp", 0 },
	{ { "get-cmma", 2 }, VM, KVM_S390_GET_CMMA_BITS, "fNBrp", 0 },
	{ { "set-cmma", 2 }, VM, KVM_S390_SET_CMMA_BITS, "fNBrp", 0 },
	{ { "dirty-log", 8 }, VM, KVM_GET_DIRTY_LOG, "BZp", 0 },
	{ { "vm-mem-op", 4 }, VM, KVM_S390_MEM_OP, "gbNBpy", 0 },
	{ { "vm-interrupt", 2 }, VM, KVM_S390_INTERRUPT, "IGr", 0 },
	{ { "vm-enable-cap", 2 }, VM, KVM_ENABLE_CAP, "CZ", 0 },
	{ { "vm-set-attr", 5 }, VM, KVM_SET_DEVICE_ATTR, "ZBbp", 0 },
	{ { "vm-get-attr", 3 }, VM, KVM_GET_DEVICE_ATTR, "ZBbp", 0 },
	{ { "vm-has-attr", 1 }, VM, KVM_HAS_DEVICE_ATTR, "ZBbp", 0 },
	{ { "create-irqchip", 1 }, VM, KVM_CREATE_IRQCHIP, "=z", 0 },
	{ { "pv-command", 1 }, VM, KVM_S390_PV_COMMAND, "bbrbrbgr", 0 },
	{ { "zpci-op", 1 }, VM, KVM_S390_ZPCI_OP, "bbrbrbgr", 0 },
	{ { "irqfd", 1 }, VM, KVM_IRQFD, "NBB", 0 },
	{ { "ioeventfd", 1 }, VM, KVM_IOEVENTFD, "rgBNB", 0 },
	{ { "routing", 1 }, VM, KVM_SET_GSI_ROUTING, "BZBBZZggb", 0 },
	{ { "signal-msi", 1 }, VM, KVM_SIGNAL_MSI, "bbrbrbgr", 0 },
	{ { "flic-set", 3 }, FLIC, KVM_SET_DEVICE_ATTR, "ZBnp", 0 },
	{ { "flic-get", 2 }, FLIC, KVM_GET_DEVICE_ATTR, "ZBnp", 0 },
	{ { "flic-has", 1 }, FLIC, KVM_HAS_DEVICE_ATTR, "ZBnp", 0 },
	{ { "get-regs", 1 }, CPU, KVM_GET_REGS, "", 0 },
	{ { "set-regs", 1 }, CPU, KVM_SET_REGS, "bbrbrbgr", 0 },
	{ { "get-sregs", 1 }, CPU, KVM_GET_SREGS, "", 0 },
	{ { "set-sregs", 1 }, CPU, KVM_SET_SREGS, "bbrbrbgr", 0 },
	{ { "get-fpu", 1 }, CPU, KVM_GET_FPU, "", 0 },
	{ { "set-fpu", 1 }, CPU, KVM_SET_FPU, "bbrbrbgr", 0 },
	{ { "get-one-reg", 1 }, CPU, KVM_GET_ONE_REG, "op", 0 },
	{ { "set-one-reg", 2 }, CPU, KVM_SET_ONE_REG, "op", 0 },
	{ { "get-mp-state", 1 }, CPU, KVM_GET_MP_STATE, "", 0 },
	{ { "set-mp-state", 2 }, CPU, KVM_SET_MP_STATE, "B", 0 },
	{ { "store-status", 2 }, CPU, KVM_S390_STORE_STATUS, "=g", 0 },
	{ { "initial-psw", 1 }, CPU, KVM_S390_SET_INITIAL_PSW, "bbrbrbgr", 0 },
	{ { "initial-reset", 2 }, CPU, KVM_S390_INITIAL_RESET, "=z", 0 },
	{ { "normal-reset", 1 }, CPU, KVM_S390_NORMAL_RESET, "=z", 0 },
	{ { "clear-reset", 1 }, CPU, KVM_S390_CLEAR_RESET, "=z", 0 },
	{ { "cpu-interrupt", 3 }, CPU, KVM_S390_INTERRUPT, "IGr", 0 },
	{ { "irq", 3 }, CPU, KVM_S390_IRQ, "igr", 0 },
	{ { "get-irq-state", 1 }, CPU, KVM_S390_GET_IRQ_STATE, "pZN", 0 },
	{ { "set-irq-state", 1 }, CPU, KVM_S390_SET_IRQ_STATE, "pZN", 0 },
	{ { "cpu-mem-op", 5 }, CPU, KVM_S390_MEM_OP, "gbNBpy", 0 },
	{ { "vcpu-fault", 6 }, CPU, KVM_S390_VCPU_FAULT, "=g", 0 },
	{ { "ucas-map", 3 }, CPU, KVM_S390_UCAS_MAP, "ass", 1 },
	{ { "ucas-unmap", 2 }, CPU, KVM_S390_UCAS_UNMAP, "ass", 1 },
	{ { "guest-debug", 2 }, CPU, KVM_SET_GUEST_DEBUG, "BZBZp", 0 },
	{ { "translate", 1 }, CPU, KVM_TRANSLATE, "bbrbrbgr", 0 },
	{ { "cpu-enable-cap", 1 }, CPU, KVM_ENABLE_CAP, "CZ", 0 },
	{ { "pv-cpu-command", 1 }, CPU, KVM_S390_PV_CPU_COMMAND, "bbrbrbgr", 0 },
	{ { NULL, 0 }, 0, 0, NULL, 0 },
};

static void call(struct worker *w)
{
	const struct call *call = PICK(&w->random, kvm_calls);
	struct fuzz_vm *v = some_vm(w);
	uint64_t arg;
	int fd;

	if (!call->choice.name)
		return;
	*w->doing = call->choice.name;
	fd = call->on == SYSTEM ? w->p->kvm : call->on == VM ? (int)v->fd :
		call->on == FLIC ? (int)v->flic : (int)v->cpu[below(&w->random, CPUS)];
	fill_scratch(w);
	arg = argument(w, call->fields);
	if (!call->exact && arg == (uintptr_t)w->arg && one_in(&w->random, 10))
		((uint8_t *)w->arg)[below(&w->random, _IOC_SIZE(call->request) + 1)] =
			rnd(&w->random);
	ioctl(fd, call->request, arg);
}

static void create_flic(struct worker *w)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_FLIC };
	struct fuzz_vm *v = some_vm(w);

	if (v->flic < 0 && !ioctl(v->fd, KVM_CREATE_DEVICE, &device))
		put(&v->flic, device.fd);
}

/* Memory that a guest has, seen by the keys it has: mm and KVM in one segment. */
static void dirty_and_unmap(struct worker *w)
{
	struct fuzz_vm *v = some_vm(w);
	uint8_t *mem = home_of(w->p, v);
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = w->scratch };

	if (one_in(&w->random, 2)) {
		ioctl(v->fd, KVM_GET_DIRTY_LOG, &log);
		return;
	}
	mem += below(&w->random, 4) * SEGMENT;
	munmap(mem, SEGMENT);
	mmap(mem, SEGMENT, PROT_READ | PROT_WRITE,
	     MAP_FIXED | MAP_ANONYMOUS | (one_in(&w->random, 2) ? MAP_SHARED : MAP_PRIVATE), -1, 0);
}

struct action kvm_actions[] = {
	{ { "ioctl", 60 }, call },
	{ { "run", 60 }, run },
	{ { "create-vm", 6 }, create_vm },
	{ { "close-vm", 2 }, close_vm },
	{ { "close-all", 2 }, close_all },
	{ { "create-cpu", 12 }, create_cpu },
	{ { "close-cpu", 3 }, close_cpu },
	{ { "create-flic", 2 }, create_flic },
	{ { "slot", 12 }, slot },
	{ { "scribble", 4 }, scribble },
	{ { "dirty-unmap", 16 }, dirty_and_unmap },
	{ { NULL, 0 }, NULL },
};

unsigned int prune_calls(const char *of)
{
	return prune(kvm_calls, sizeof(kvm_calls[0]), of);
}
