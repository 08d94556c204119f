/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * For virtual machine monitors: a VM whose process need not have page tables
 * with PGSTEs from the start. See docs/abi.md.
 */
#ifndef _UAPI_ASM_S390_KVM_PGSTE_H
#define _UAPI_ASM_S390_KVM_PGSTE_H

/*
 * KVM_CREATE_VM type, may be combined with KVM_VM_S390_UCONTROL: the VM is
 * created even if vm.pgste_promote is 0. Memory that the process touched before
 * can be guest memory only if vm.pgste_promote is 1 (the default) when the guest
 * gets there; otherwise KVM_RUN returns -EFAULT for it.
 */
#define KVM_VM_S390_LATE_MMAP	2

/* KVM_CHECK_EXTENSION: 1 if KVM_CREATE_VM knows KVM_VM_S390_LATE_MMAP. */
#define KVM_CAP_S390_LATE_MMAP	10390

#endif
