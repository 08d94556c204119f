// SPDX-License-Identifier: GPL-2.0
// A fault in SIE ends SIE, and KVM_RUN has gmap_fault() resolve it, which promotes. What that
// refuses is an error of KVM_RUN, but a signal is not.
// file: arch/s390/kvm/kvm-s390.c
// rule run: 2

@run@
expression gmap, gaddr, flags;
@@
 vcpu_post_run_handle_fault(...)
 {
 <...
-gmap_fault(gmap, gaddr, flags)
+gmap_run_error(gmap_fault(gmap, gaddr, flags))
 ...>
 }
