// SPDX-License-Identifier: GPL-2.0
/* A machine whose guest is the small hypervisor: see nest.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nest.h"

#define KEYS		0xf8
#define EARLY_SEGMENTS	6	/* the hypervisor's own memory, half of the nested guest's */

extern const uint8_t hypervisor_image[], hypervisor_image_end[], guest_image[];

struct shadows shadows_now(void)
{
	struct shadows s = {
		.built = counter("shadows_built"),
		.reused = counter("shadows_reused"),
		.removed = counter("shadows_removed"),
	};

	return s;
}

/* Give the VM what the machine offers for guest hypervisors; SIE must be part of it. */
static void offer_sie(struct vm *vm)
{
	struct kvm_s390_vm_cpu_feat features;
	struct kvm_device_attr attr = {
		.group = KVM_S390_VM_CPU_MODEL,
		.attr = KVM_S390_VM_CPU_MACHINE_FEAT,
		.addr = (uintptr_t)&features,
	};

	require(!ioctl(vm->fd, KVM_GET_DEVICE_ATTR, &attr), "KVM_S390_VM_CPU_MACHINE_FEAT: %s",
		strerror(errno));
	require(features.feat[0] >> (63 - KVM_S390_VM_CPU_FEAT_SIEF2) & 1,
		"the kernel does not offer SIE to guests");
	attr.attr = KVM_S390_VM_CPU_PROCESSOR_FEAT;
	require(!ioctl(vm->fd, KVM_SET_DEVICE_ATTR, &attr), "KVM_S390_VM_CPU_PROCESSOR_FEAT: %s",
		strerror(errno));
}

static void create(struct nest *n, int levels, unsigned long type, int from, int segments)
{
	int i, rc;

	memset(n, 0, sizeof(*n));
	n->mem = map_segments(NEST_TOTAL / GUEST_SEGMENT, MAP_SHARED);
	fill_segments(n->mem + from * GUEST_SEGMENT, segments, 4, 1);
	make_vm(&n->vm, type);
	offer_sie(&n->vm);
	put_slot(&n->vm, 0, 0, n->mem, NEST_TOTAL);
	for (i = 0; i < NEST_CPUS; i++) {
		rc = vcpu_create(&n->vm, i, &n->cpu[i]);
		require(!rc, "vCPU %d: %s", i, strerror(-rc));
	}
	require(!memcmp(hypervisor_image, guest_image, 16), "the images start at different places");
	guest_load_image(n->mem, hypervisor_image, hypervisor_image_end - hypervisor_image);
	memset(n->mem + NEST_STATE, 0, GUEST_SEGMENT);
	guest_load(n->mem + NEST_MEMORY);
	n->state = (void *)(n->mem + NEST_STATE);
	nest_do(n, NEST_MAKE, levels, 0, 0);
}

void nest_create(struct nest *n, int levels)
{
	create(n, levels, 0, 0, EARLY_SEGMENTS);
}

void nest_create_late(struct nest *n, int levels)
{
	create(n, levels, KVM_VM_S390_LATE_MMAP, (NEST_MEMORY + GUEST_DATA) / GUEST_SEGMENT, 1);
}

void nest_destroy(struct nest *n)
{
	int i;

	for (i = 0; i < NEST_CPUS; i++)
		vcpu_destroy(&n->cpu[i]);
	vm_destroy(&n->vm);
	munmap(n->mem, NEST_TOTAL);
}

static void expect_end(struct nest *n, unsigned int cpu, unsigned long job, int end)
{
	require(end != NEST_LEFT, "job 0x%lx: the nested guest left SIE: code 0x%lx, instruction %lx",
		job, n->state->icptcode, n->state->instruction);
	require(end != NEST_FAULT, "job 0x%lx: the nested guest: fault 0x%lx", job, n->state->pgm);
	require(end == GUEST_OK, "job 0x%lx: %s", job, guest_text(&n->cpu[cpu], n->mem, end));
}

void nest_do(struct nest *n, unsigned long job, uint64_t from, unsigned long pages,
	     unsigned long arg)
{
	expect_end(n, 0, job, guest_do(&n->cpu[0], job, from, pages, arg));
}

uint64_t nest_gpa(struct nest *n, unsigned long page)
{
	uint64_t *pte = (uint64_t *)(n->mem + NEST_TABLES) + page;

	return n->state->levels ? *pte & ~(GUEST_PAGE - 1) : NEST_MEMORY + page * GUEST_PAGE;
}

uint8_t *nest_page(struct nest *n, unsigned long page)
{
	return n->mem + nest_gpa(n, page);
}

void nest_check(struct nest *n, uint64_t from, unsigned long pages, unsigned long seed,
		const char *when)
{
	unsigned long i;

	require(pages, "%s: no page to check", when);
	for (i = 0; i < pages; i++)
		check_guest_page(nest_page(n, from / GUEST_PAGE + i), from + i * GUEST_PAGE, seed, when);
}

void nest_check_keys(struct nest *n, uint64_t from, unsigned long pages, unsigned long seed,
		     const char *when)
{
	unsigned long i;
	uint8_t key;
	int rc;

	require(pages, "%s: keys of no page", when);
	for (i = 0; i < pages; i++) {
		rc = vm_get_keys(&n->vm, nest_gpa(n, from / GUEST_PAGE + i) / GUEST_PAGE, 1, &key);
		require(!rc, "%s: KVM_S390_GET_SKEYS: %d", when, rc);
		require((key & KEYS) == guest_key(i + seed),
			"%s: the process sees key 0x%02x of nested page %lu, not 0x%02x", when, key, i,
			guest_key(i + seed));
	}
}

/*
 * For the hypervisor's jobs and its own, its own control block; the nested guest's is in
 * a page that stays where it is.
 */
static struct guest_ctl *ctl_of(struct nest_thread *t)
{
	return guest_ctl(t->n->mem + (t->job < GUEST_JOBS ? NEST_MEMORY : 0), t->cpu);
}

static void *run_cpu(void *arg)
{
	struct nest_thread *t = arg;

	t->result = guest_do(&t->n->cpu[t->cpu], t->job, t->from, t->pages, t->arg);
	return NULL;
}

void nest_start(struct nest_thread *t, struct nest *n, unsigned int cpu, unsigned long job,
		uint64_t from, unsigned long pages, unsigned long arg)
{
	*t = (struct nest_thread) {
		.n = n, .cpu = cpu, .job = job, .from = from, .pages = pages, .arg = arg,
		.result = NEST_RUNNING,
	};
	ctl_of(t)->stop = 0;
	ctl_of(t)->rounds = 0;
	require(!pthread_create(&t->thread, NULL, run_cpu, t), "pthread_create");
}

void nest_expect_running(struct nest_thread *t)
{
	if (t->result == NEST_RUNNING)
		return;
	expect_end(t->n, t->cpu, t->job, t->result);
	fail("CPU %u, job 0x%lx: ended unasked", t->cpu, t->job);
}

unsigned long nest_rounds(struct nest_thread *t)
{
	return *(volatile unsigned long *)&ctl_of(t)->rounds;
}

void nest_stop(struct nest_thread *t)
{
	*(volatile unsigned long *)&ctl_of(t)->stop = 1;
	pthread_join(t->thread, NULL);
	expect_end(t->n, t->cpu, t->job, t->result);
	require(nest_rounds(t), "CPU %u, job 0x%lx: no round in all this time", t->cpu, t->job);
}
