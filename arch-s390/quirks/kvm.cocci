// SPDX-License-Identifier: GPL-2.0
// Hercules interprets storage keys of a guest wrongly: let KVM emulate key
// operations there. It has no ESOP, without which QEMU refuses to start: claim it.
// file: arch/s390/kvm/kvm-s390.c
// rule header: 1
// rule keys_by_kvm: 1
// rule claim_cow: 1

@header@
@@
  #include <linux/kvm.h>
+ #include <asm/hercules.h>

@keys_by_kvm@
expression kvm;
@@
- kvm->arch.use_pfmfi = sclp.has_pfmfi;
- kvm->arch.use_skf = sclp.has_skey;
+ kvm->arch.use_pfmfi = sclp.has_pfmfi && !on_hercules;
+ kvm->arch.use_skf = sclp.has_skey && !on_hercules;

@claim_cow@
expression r;
@@
  kvm_vm_ioctl_check_extension(...)
  {
  <...
- r = MACHINE_HAS_ESOP;
+ r = MACHINE_HAS_ESOP || on_hercules;
  ...>
  }
