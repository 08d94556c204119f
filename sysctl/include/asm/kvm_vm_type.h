/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VM types that KVM_CREATE_VM takes and what each asks of the page tables
 * of the process.
 */
#ifndef _ASM_S390_KVM_VM_TYPE_H
#define _ASM_S390_KVM_VM_TYPE_H

#include <asm/kvm_pgste.h>

#ifdef CONFIG_PGSTE_MIXED

/* Type bits beyond those of stock Linux. */
#define KVM_VM_S390_PGSTE_TYPES	KVM_VM_S390_LATE_MMAP

#define kvm_enable_sie(type)	s390_enable_sie(type)

#else

#define KVM_VM_S390_PGSTE_TYPES	0
#define kvm_enable_sie(type)	s390_enable_sie()

#endif
#endif
