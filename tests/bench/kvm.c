// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmark measures of KVM itself, with the small VMM and guest of
 * tests/lib: creating a VM, also over memory in use, the guest's first touch of
 * its memory, one exit from SIE to the VMM and back. Needs /dev/kvm.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm.h"
#include "vmm.h"

#define EXITS	16	/* in one repetition of kvm_exit() */

size_t kvm_size;

static uint64_t now(void)
{
	uint64_t tod;

	asm volatile("stckf %0" : "=Q" (tod) : : "cc", "memory");
	return tod;
}

static void must(int rc, const char *what)
{
	if (!rc)
		return;
	fprintf(stderr, "error: bench: %s: %s\n", what, rc < 0 ? strerror(-rc) : "guest failed");
	exit(1);
}

int64_t kvm_create(void)
{
	uint64_t start = now();
	struct vm vm;

	must(vm_create(&vm, 0), "KVM_CREATE_VM");
	vm_destroy(&vm);
	return now() - start;
}

/*
 * A VM and its memory slot over memory that the process has touched. Shared: what is
 * private cannot be guest memory on every machine.
 */
int64_t kvm_create_touched(void)
{
	char *p = guest_memory(kvm_size, MAP_SHARED);
	uint64_t start;
	int64_t ticks;
	struct vm vm;

	must(p ? 0 : -errno, "memory");
	for (size_t i = 0; i < kvm_size; i += 4096)
		*(volatile char *)(p + i) = 1;
	start = now();
	must(vm_create(&vm, 0), "KVM_CREATE_VM");
	must(vm_slot(&vm, 0, 0, p, kvm_size, 0), "memory slot");
	ticks = now() - start;
	vm_destroy(&vm);
	munmap(p, kvm_size);
	return ticks;
}

/* The first job makes the guest's own pages present; the data pages are new. */
int64_t kvm_first_touch(void)
{
	struct machine m;
	int64_t ticks;
	uint64_t start;

	must(machine_create(&m, 0, GUEST_DATA + kvm_size, MAP_SHARED), "VM");
	must(guest_do(&m.cpu, GUEST_PEEK, 0, 0, 0), "guest");
	start = now();
	must(guest_do(&m.cpu, GUEST_POKE, GUEST_DATA, kvm_size / GUEST_PAGE, 1), "guest");
	ticks = now() - start;
	machine_destroy(&m);
	return ticks;
}

/* A job on no pages: into the guest, a few instructions, DIAG, out again. */
int64_t kvm_exit(void)
{
	struct machine m;
	int64_t ticks;
	uint64_t start;

	must(machine_create(&m, 0, 2 * GUEST_SEGMENT, MAP_SHARED), "VM");
	must(guest_do(&m.cpu, GUEST_PEEK, 0, 0, 0), "guest");
	start = now();
	for (int i = 0; i < EXITS; i++)
		must(guest_do(&m.cpu, GUEST_PEEK, 0, 0, 0), "guest");
	ticks = (now() - start) / EXITS;
	machine_destroy(&m);
	return ticks;
}
