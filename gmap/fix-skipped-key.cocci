// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: set the storage key of a page that had to be faulted in
//
// Bug in stock Linux: KVM_S390_SET_SKEYS goes on to the next page after it
// faulted one in, without setting that one's key.
//
// Linux 6.12 still has it.
//
// Fixes: bd096f644319 ("KVM: s390: Add skey emulation fault handling")
// file: arch/s390/kvm/kvm-s390.c
// rule set_after_fault: 1

@set_after_fault@
identifier keys, i, hva;
expression e;
@@
 kvm_s390_set_skeys(...)
 {
 <...
 r = set_guest_storage_key(current->mm, hva, keys[i], 0);
 if (r) {
 r = e;
 if (r) break;
+r = set_guest_storage_key(current->mm, hva, keys[i], 0);
+if (r) break;
 }
 ...>
 }
