// SPDX-License-Identifier: GPL-2.0
/*
 * The levels of a guest's tables follow the guest's limit, whatever the levels
 * of its process: every combination, with guest memory just below the limit.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replace.h"

#define SEGMENTS	2
#define PAGES		(SEGMENTS * 256)

/* What a segment, region-third, region-second and region-first table reach. */
static const uint64_t limits[] = { 1UL << 31, 1UL << 42, 1UL << 53, -1UL };

/* An address for which a process needs 3, 4 and 5 levels. */
static const uint64_t places[] = { 1UL << 40, 1UL << 50, 1UL << 60 };

static void *map_at(uint64_t place, size_t size, int flags)
{
	void *mem = mmap((void *)place, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | flags, -1, 0);

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

static void allow_1m_pages(struct vm *vm)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_S390_HPAGE_1M };

	require(!ioctl(vm->fd, KVM_ENABLE_CAP, &cap), "1 MiB pages: %s", strerror(errno));
}

/* @flags: MAP_HUGETLB for guest memory of 1 MiB pages of the host, or 0 */
static void one_combination(unsigned int l, unsigned int p, int flags)
{
	size_t size = SEGMENTS * GUEST_SEGMENT;
	uint64_t limit, gpa;
	struct machine m;
	uint8_t *mem;

	/* Half of it has its table before the VM. */
	mem = map_at(places[p], size, flags);
	memset(mem, 1, GUEST_SEGMENT);
	make_vm(&m.vm, 0);
	if (flags)
		allow_1m_pages(&m.vm);
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
	note("guest limit %lx, process of %u levels: memory at %lx%s", (unsigned long)limit, p + 3,
	     (unsigned long)gpa, flags ? ", 1 MiB pages" : "");
	machine_destroy(&m);
	munmap(mem, size);
}

/* Once with four levels a process does not go back: the order matters. */
static void every_combination_works(void)
{
	unsigned int l, p;

	for (p = 0; p < 3; p++)
		for (l = 0; l < 4; l++)
			one_combination(l, p, 0);
}

/* Guest memory, and memory next to it that is not the guest's. */
static void every_combination_works_on_1m_pages(void)
{
	unsigned int l, p;
	uint8_t *thp;

	if (read_number("/sys/module/kvm/parameters/hpage") <= 0)
		skip("booted without kvm.hpage=1");
	require(!write_number("/proc/sys/vm/nr_hugepages", SEGMENTS), "no 1 MiB pages");
	thp = map_segments(SEGMENTS, MAP_PRIVATE);
	madvise(thp, SEGMENTS * GUEST_SEGMENT, MADV_HUGEPAGE);
	fill_segments(thp, SEGMENTS, 256, 1);
	for (p = 0; p < 3; p++)
		for (l = 0; l < 4; l++)
			one_combination(l, p, MAP_HUGETLB);
	check_segments(thp, SEGMENTS, 256, 1, "beside guests");
	write_number("/proc/sys/vm/nr_hugepages", 0);
}

static const struct test tests[] = {
	{ "guest tables follow the guest's limit, whatever the process's levels",
	  every_combination_works, NEEDS_KVM },
	{ "so they do on the host's 1 MiB pages", every_combination_works_on_1m_pages, NEEDS_KVM },
};

TAP_MAIN(tests)
