/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * For virtual machine monitors: a VM whose process need not have 4 KiB page
 * tables from the start. See docs/abi.md.
 */
#ifndef _UAPI_ASM_S390_KVM_PGSTE_H
#define _UAPI_ASM_S390_KVM_PGSTE_H

/*
 * KVM_CREATE_VM type, may be combined with KVM_VM_S390_UCONTROL: page tables
 * made from now on can hold guest memory. Memory touched earlier can not.
 */
#define KVM_VM_S390_LATE_MMAP	2

/* KVM_CHECK_EXTENSION: 1 if KVM_CREATE_VM knows KVM_VM_S390_LATE_MMAP. */
#define KVM_CAP_S390_LATE_MMAP	10390

#endif
