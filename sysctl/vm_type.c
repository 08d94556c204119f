// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_CREATE_VM: from which moment, and with which kinds of page table, the
 * process that owns the VM can have guest memory.
 */

#define pr_fmt(fmt) "kvm: " fmt

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <asm/gmap_admission.h>
#include <asm/kvm_vm_type.h>
#include <asm/pgste.h>

/*
 * With the mmap lock held for writing no page table is made meanwhile, so each
 * table is either older than the mode, and what it was, or made by it. The
 * mode is set before the walk of gmap_prepare_mm(): a reverse-map walker that
 * takes a page table lock after the walk released it sees the new mode, and
 * one that had it before, with the old mode in mind, is done when the walk
 * gets it.
 */
static void mm_start_pgste(struct mm_struct *mm)
{
	mmap_assert_write_locked(mm);
	if (mm->context.pgste_mode != MM_PGSTE_NONE)
		return;
	WRITE_ONCE(mm->context.pgste_mode,
		   mm->context.alloc_pgste ? MM_PGSTE_ALL : MM_PGSTE_MIXED);
	mm->context.alloc_pgste = 1;
	gmap_prepare_mm(mm);
}

/**
 * s390_enable_sie - make the process able to own guest memory
 * @type: the VM type given to KVM_CREATE_VM
 *
 * Type 0 promises that all memory of the process can be guest memory, so all
 * tables must have PGSTEs since exec. That is also what a process in mixed
 * mode does not have, whatever it could do for KVM_VM_S390_LATE_MMAP.
 *
 * Context: may sleep; takes the mmap lock of current.
 * Return: 0, or -EINVAL if the tables of the process do not fit @type.
 */
int s390_enable_sie(unsigned long type)
{
	struct mm_struct *mm = current->mm;
	bool fits;

	mmap_read_lock(mm);
	fits = type & KVM_VM_S390_LATE_MMAP || mm_inherits_pgste(mm);
	mmap_read_unlock(mm);
	if (!fits) {
		pr_info_ratelimited("%s[%d]: KVM_CREATE_VM needs 4K page tables in the whole process: start it with vm.alloc_pgste=1, link it with --s390-pgste, or use the VM type KVM_VM_S390_LATE_MMAP (%d) and map guest memory afterwards\n",
				    current->comm, task_pid_nr(current),
				    KVM_VM_S390_LATE_MMAP);
		return -EINVAL;
	}
	/* Before any PGSTE is in use, and before the mmap lock: patching sleeps. */
	static_branch_enable(&pgste_in_use);
	mmap_write_lock(mm);
	mm_start_pgste(mm);
	mmap_write_unlock(mm);
	return 0;
}
