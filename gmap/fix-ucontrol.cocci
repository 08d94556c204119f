// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: refuse what a UCONTROL VM has no gmap for
//
// Bug in stock Linux: a UCONTROL VM has no gmap of its own, its vCPUs have; setting
// asynchronous page faults or routes of its FLIC, and resetting the usage state of its
// memory (KVM_S390_VM_MEM_CLR_CMMA), follow a NULL pointer.
// file: arch/s390/kvm/interrupt.c
// file: arch/s390/kvm/kvm-s390.c
// rule pfault: 2
// rule routing: 1
// rule usage: 1

@pfault@
constant on;
@@
+if (kvm_is_ucontrol(dev->kvm)) return -EINVAL;
 dev->kvm->arch.gmap->pfault_enabled = on;

@routing@
@@
 kvm_set_routing_entry(...)
 {
 <...
+if (kvm_is_ucontrol(kvm)) return -EINVAL;
 e->set = set_adapter_int;
 ...>
 }

@usage@
@@
-s390_reset_cmma(kvm->arch.gmap->mm)
+s390_reset_cmma(kvm->mm)
