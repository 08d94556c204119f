// SPDX-License-Identifier: GPL-2.0
/*
 * The levels of a guest's tables follow the guest's limit, whatever the levels
 * of its process: every combination, with guest memory just below the limit.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replace.h"

#define SEGMENTS	2
#define PAGES		(SEGMENTS * 256)

/* What a segment, region-third, region-second and region-first table reach. */
static const uint64_t limits[] = { 1UL << 31, 1UL << 42, 1UL << 53, -1UL };

/* An address for which a process needs 3, 4 and 5 levels. */
static const uint64_t places[] = { 1UL << 40, 1UL << 50, 1UL << 60 };

static void *map_at(uint64_t place, size_t size)
{
	void *mem = guest_memory_at((void *)place, size, MAP_SHARED);

	require(mem == (void *)place, "no memory at %lx: %s", (unsigned long)place,
		strerror(errno));
	return mem;
}

/*
 * KVM rounds the limit up to what the tables reach; -ENOENT or -E2BIG if the
 * machine has less.
 */
static uint64_t set_limit(struct vm *vm, uint64_t limit)
{
	uint64_t was;

	require(!vm_mem_attr_get(vm, KVM_S390_VM_MEM_LIMIT_SIZE, &was), "no limit to be read");
	if (limit > was)
		limit = was;
	require(!vm_mem_attr(vm, KVM_S390_VM_MEM_LIMIT_SIZE, &limit), "limit %lx refused",
		(unsigned long)limit);
	return limit;
}

static void one_combination(unsigned int l, unsigned int p)
{
	size_t size = SEGMENTS * GUEST_SEGMENT;
	uint64_t limit, gpa;
	struct machine m;
	uint8_t *mem;

	/* Half of it has its table before the VM. */
	mem = map_at(places[p], size);
	memset(mem, 1, GUEST_SEGMENT);
	make_vm(&m.vm, 0);
	limit = set_limit(&m.vm, limits[l]);
	m.size = 2 * GUEST_SEGMENT;
	m.mem = map_segments(2, MAP_SHARED);
	guest_load(m.mem);
	m.ctl = guest_ctl(m.mem, 0);
	put_slot(&m.vm, 0, 0, m.mem, m.size);
	require(!vcpu_create(&m.vm, 0, &m.cpu), "no vCPU");
	gpa = (limit & -GUEST_SEGMENT) - size;
	put_slot(&m.vm, 1, gpa, mem, size);
	run_job(&m, GUEST_FILL, gpa, PAGES, l);
	run_job(&m, GUEST_VERIFY, gpa, PAGES, l);
	run_job(&m, GUEST_SETKEYS, gpa, PAGES, p);
	relocate(0, 0, -1UL);
	run_job(&m, GUEST_VERIFY, gpa, PAGES, l);
	check_keys(&m.vm, gpa / GUEST_PAGE, PAGES, p, "below the limit");
	note("guest limit %lx, process of %u levels: memory at %lx", (unsigned long)limit, p + 3,
	     (unsigned long)gpa);
	machine_destroy(&m);
	munmap(mem, size);
}

/* Once with four levels a process does not go back: the order matters. */
static void every_combination_works(void)
{
	unsigned int l, p;

	for (p = 0; p < 3; p++)
		for (l = 0; l < 4; l++)
			one_combination(l, p);
}

static const struct test tests[] = {
	{ "guest tables follow the guest's limit, whatever the process's levels",
	  every_combination_works, NEEDS_KVM },
};

TAP_MAIN(tests)
