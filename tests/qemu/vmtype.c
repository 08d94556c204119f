// SPDX-License-Identifier: GPL-2.0
/*
 * Debian's QEMU where nothing is promoted (vm.pgste_promote=0): it asks for a VM of type 0
 * and gets none, unless pgmix-vmtype.so asks for KVM_VM_S390_LATE_MMAP in its place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm.h"
#include "tap.h"
#include "qemu.h"

static void qemu_alone_gets_no_vm(void)
{
	char said[512] = "";
	FILE *f = popen("timeout 60 qemu-system-s390x -accel kvm -nodefaults -nographic -S 2>&1", "r");

	require(f, "cannot start QEMU");
	said[fread(said, 1, sizeof(said) - 1, f)] = 0;
	require(pclose(f), "QEMU runs");
	require(strstr(said, "KVM_CREATE_VM) failed: 22"), "QEMU says: %.100s", said);
}

static void with_the_library_it_runs(void)
{
	long promoted = read_number("/sys/kernel/mm/pgste/promoted");
	long refused = read_number("/sys/kernel/mm/pgste/refused");
	struct qemu q;

	setenv("LD_PRELOAD", "/lib/pgmix-vmtype.so", 1);
	qemu_start(&q, "late", NULL, 0, WALKER_MEMORY);
	rounds_pass(&q, 5);
	tables_are(&q, "mixed");
	require(read_number("/sys/kernel/mm/pgste/promoted") == promoted, "tables were promoted");
	require(read_number("/sys/kernel/mm/pgste/refused") == refused, "guest memory was refused");
	qemu_kill(&q);
}

static const struct test tests[] = {
	{ "qemu_alone_gets_no_vm", qemu_alone_gets_no_vm, REFUSES },
	{ "with_the_library_it_runs", with_the_library_it_runs, REFUSES },
};

TAP_MAIN(tests)
