// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_CREATE_VM: may the process have a VM of this type?
 */

#define pr_fmt(fmt) "kvm: " fmt

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <asm/gmap_admission.h>
#include <asm/kvm_vm_type.h>
#include <asm/pgste.h>

/**
 * s390_enable_sie - can the process own guest memory?
 * @type: the VM type given to KVM_CREATE_VM
 *
 * Type 0 means that all memory of the process can become guest memory. That is
 * true if 2K tables are promoted, or if all tables have had PGSTEs since exec.
 * Otherwise type 0 is refused, in a process in mixed mode, too.
 *
 * Nothing is changed: the process has a VM when that is complete (gmap_start_mm()),
 * so a VM whose creation fails leaves nothing behind, nor does KVM_S390_ENABLE_SIE.
 *
 * Context: may sleep; takes the mmap lock of current.
 * Return: 0, or -EINVAL if the tables of the process do not fit @type.
 */
int s390_enable_sie(unsigned long type)
{
	struct mm_struct *mm = current->mm;
	bool all_pgste;

	mmap_read_lock(mm);
	all_pgste = mm_inherits_pgste(mm);
	mmap_read_unlock(mm);
	if (!all_pgste && !READ_ONCE(gmap_promotes) && !(type & KVM_VM_S390_LATE_MMAP)) {
		pr_info_ratelimited("%s[%d]: KVM_CREATE_VM needs page tables with PGSTEs in the whole process: set vm.pgste_promote=1, or start it with vm.alloc_pgste=1, or link it with --s390-pgste, or use the VM type KVM_VM_S390_LATE_MMAP (%d) and map guest memory afterwards\n",
				    current->comm, task_pid_nr(current),
				    KVM_VM_S390_LATE_MMAP);
		return -EINVAL;
	}
	return 0;
}
