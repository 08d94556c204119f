// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: do not free a gmap that another ioctl uses
//
// Bug in stock Linux: KVM_S390_VM_MEM_LIMIT_SIZE puts a new gmap in place of that of the VM
// and frees the old one, with kvm->lock held. Memory slots are mapped, unmapped and logged
// with slots_lock held, and FLIC attributes and routes look at the gmap with no lock at all:
// they use memory that was freed.
//
// The order is kvm->lock, slots_lock, mmap lock (Documentation/virt/kvm/locking.rst).
// file: arch/s390/kvm/kvm-s390.c
// file: arch/s390/kvm/interrupt.c
// rule exchange: 2
// rule told: 2
// rule pfault: 4
// rule routing: 4

@exchange@
identifier new;
@@
+mutex_lock(&kvm->slots_lock);
 gmap_remove(kvm->arch.gmap);
 new->private = kvm;
 kvm->arch.gmap = new;
+mutex_unlock(&kvm->slots_lock);

@told@
@@
-mutex_unlock(&kvm->lock);
 VM_EVENT(kvm, 3, "SET: max guest address: %lu", ...);
 VM_EVENT(kvm, 3, ...);
+mutex_unlock(&kvm->lock);

@pfault@
constant on;
@@
+mutex_lock(&dev->kvm->lock);
 dev->kvm->arch.gmap->pfault_enabled = on;
+mutex_unlock(&dev->kvm->lock);

@routing@
identifier uaddr;
expression gaddr;
@@
+mutex_lock(&kvm->lock);
 uaddr = gmap_translate(kvm->arch.gmap, gaddr);
+mutex_unlock(&kvm->lock);
