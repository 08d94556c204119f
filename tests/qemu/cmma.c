// SPDX-License-Identifier: GPL-2.0
/*
 * What KVM says about usage states of guest pages (CMMA) to a VMM that migrates. Without
 * CMMA in the machine there is no state to carry, but the ioctls have answers, which are
 * stock Linux's: the second test passes on a stock kernel too.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "scene.h"

#define SIZE	(4 * GUEST_SEGMENT)
#define PAGES	256

static int attr(struct vm *vm, unsigned long request, uint32_t group, uint64_t number, void *addr)
{
	struct kvm_device_attr a = { .group = group, .attr = number, .addr = (uintptr_t)addr };

	return ioctl(vm->fd, request, &a) ? -errno : 0;
}

static int cmma_bits(struct vm *vm, unsigned long request, uint32_t count, uint32_t flags)
{
	static uint8_t values[PAGES];
	struct kvm_s390_cmma_log log = {
		.count = count, .flags = flags, .mask = ~0UL, .values = (uintptr_t)values,
	};

	return ioctl(vm->fd, request, &log) ? -errno : 0;
}

static int migration_mode(struct vm *vm)
{
	uint64_t on = 77;
	int rc = attr(vm, KVM_GET_DEVICE_ATTR, KVM_S390_VM_MIGRATION, KVM_S390_VM_MIGRATION_STATUS, &on);

	return rc ? rc : (int)on;
}

static int has_cmma(struct vm *vm)
{
	return !attr(vm, KVM_HAS_DEVICE_ATTR, KVM_S390_VM_MEM_CTRL, KVM_S390_VM_MEM_ENABLE_CMMA, NULL);
}

static void expect(const char *what, int saw, int want)
{
	require(saw == want, "%s: %d, not %d", what, saw, want);
}

static void ioctls_without_cmma(void)
{
	struct vm vm;
	void *mem;

	make_vm(&vm, 0);
	if (has_cmma(&vm))
		skip("this machine has CMMA, these are the answers of one that has not");
	expect("KVM_CAP_S390_CMMA_MIGRATION", kvm_capability(KVM_CAP_S390_CMMA_MIGRATION), 1);
	expect("ENABLE_CMMA", vm_mem_attr(&vm, KVM_S390_VM_MEM_ENABLE_CMMA, NULL), -ENXIO);
	expect("CLR_CMMA", vm_mem_attr(&vm, KVM_S390_VM_MEM_CLR_CMMA, NULL), -ENXIO);
	expect("start without memory", attr(&vm, KVM_SET_DEVICE_ATTR, KVM_S390_VM_MIGRATION,
					    KVM_S390_VM_MIGRATION_START, NULL), -EINVAL);
	expect("mode before", migration_mode(&vm), 0);

	mem = guest_memory(SIZE, MAP_SHARED);
	require(mem, "mmap: %s", strerror(errno));
	put_slot(&vm, 0, 0, mem, SIZE);
	expect("start", attr(&vm, KVM_SET_DEVICE_ATTR, KVM_S390_VM_MIGRATION,
			     KVM_S390_VM_MIGRATION_START, NULL), 0);
	expect("mode", migration_mode(&vm), 1);
	expect("GET_CMMA_BITS", cmma_bits(&vm, KVM_S390_GET_CMMA_BITS, PAGES, 0), -ENXIO);
	expect("peek", cmma_bits(&vm, KVM_S390_GET_CMMA_BITS, PAGES, KVM_S390_CMMA_PEEK), -ENXIO);
	expect("SET_CMMA_BITS", cmma_bits(&vm, KVM_S390_SET_CMMA_BITS, PAGES, 0), -ENXIO);
	expect("SET_CMMA_BITS of none", cmma_bits(&vm, KVM_S390_SET_CMMA_BITS, 0, 0), -ENXIO);
	expect("stop", attr(&vm, KVM_SET_DEVICE_ATTR, KVM_S390_VM_MIGRATION,
			    KVM_S390_VM_MIGRATION_STOP, NULL), 0);
	expect("mode after", migration_mode(&vm), 0);
	vm_destroy(&vm);
}

static void usage_states_are_carried_over(void)
{
	struct vm vm;

	make_vm(&vm, 0);
	if (!has_cmma(&vm))
		skip("this machine has no CMMA, so no guest has usage states");
	skip("not written: no machine of this project has CMMA");
}

static const struct test tests[] = {
	{ "ioctls_without_cmma", ioctls_without_cmma, NEEDS_KVM },
	{ "ioctls_without_cmma_all_4k", ioctls_without_cmma, NEEDS_KVM | IN_4K },
	{ "usage_states_are_carried_over", usage_states_are_carried_over, NEEDS_KVM },
};

TAP_MAIN(tests)
