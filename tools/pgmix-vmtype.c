// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOAD=pgmix-vmtype.so VMM...: where the kernel has KVM_VM_S390_LATE_MMAP, a VMM
 * that asks for a VM of type 0 gets one of that type, which works without 4 KiB page
 * tables and without promotion. Every other ioctl goes through as it is.
 *
 * In a process without promotion, memory that was touched before is refused to the guest
 * (docs/abi.md); whether a VMM maps guest memory early is the VMM's affair.
 */
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stddef.h>

#include <asm/kvm_pgste.h>

typedef int (*ioctl_fn)(int fd, unsigned long request, ...);

__attribute__((visibility("default")))
int ioctl(int fd, unsigned long request, ...)
{
	ioctl_fn next = (ioctl_fn)dlsym(RTLD_NEXT, "ioctl");
	unsigned long arg;
	va_list args;

	va_start(args, request);
	arg = va_arg(args, unsigned long);
	va_end(args);

	if (request == KVM_CREATE_VM && arg == 0 &&
	    next(fd, KVM_CHECK_EXTENSION, KVM_CAP_S390_LATE_MMAP) == 1)
		arg = KVM_VM_S390_LATE_MMAP;
	return next(fd, request, arg);
}
