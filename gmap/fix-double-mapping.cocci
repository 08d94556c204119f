// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: do not take a segment that is mapped twice for linked
//
// Bug in stock 6.1: a segment of the process that is mapped at two guest
// addresses can be linked at one of them only. __gmap_link() documents -EFAULT
// for the other but returns -EEXIST, which do_exception() takes for success:
// the guest faults there for ever.
// file: arch/s390/mm/gmap.c
// rule exist: 1

@exist@
identifier rc;
@@
 __gmap_link(...)
 {
 <...
 rc = radix_tree_insert(...);
+if (rc == -EEXIST)
+	rc = -EFAULT;
 ...>
 }
