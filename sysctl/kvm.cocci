// SPDX-License-Identifier: GPL-2.0
// The VM type and its capability. A process has a VM from when nothing of its creation
// can fail any more, until it has no gmap left.
// file: arch/s390/kvm/kvm-s390.c
// rule types: 1
// rule types_without_ucontrol: 1
// rule enable: 1
// rule enable_ioctl: 1
// rule start: 1
// rule stop: 1
// rule capability: 1
// rule header: 1

@types@
identifier type;
@@
 int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)
 {
 <...
-type & ~KVM_VM_S390_UCONTROL
+type & ~(KVM_VM_S390_UCONTROL | KVM_VM_S390_PGSTE_TYPES)
 ...>
 }

@types_without_ucontrol@
identifier type;
@@
 int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)
 {
 <...
 if (
-type
+type & ~KVM_VM_S390_PGSTE_TYPES
 ) goto out_err;
 ...>
 }

@enable@
identifier type;
@@
 int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)
 {
 <...
-s390_enable_sie()
+kvm_enable_sie(type)
 ...>
 }

@enable_ioctl@
@@
 kvm_arch_dev_ioctl(...)
 {
 <...
-s390_enable_sie()
+kvm_enable_sie(0)
 ...>
 }

@start@
identifier kvm;
@@
 int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)
 {
 <...
+gmap_start_mm(kvm->mm);
 return 0;
 ...>
 }

@stop@
identifier kvm;
@@
 void kvm_arch_destroy_vm(struct kvm *kvm)
 {
 <...
 kvm_s390_vsie_destroy(kvm);
+gmap_stop_mm(kvm->mm);
 ...>
 }

@capability@
@@
 kvm_vm_ioctl_check_extension(...)
 {
 int r;
+if (ext == KVM_CAP_S390_LATE_MMAP)
+	return IS_ENABLED(CONFIG_PGSTE_MIXED);
 ...
 }

@header@
@@
 #include <asm/gmap.h>
+#include <asm/kvm_vm_type.h>
