// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: translate a guest address again after the mmap lock was dropped
//
// Bug in stock 6.1: do_exception() translates the address of a fault in SIE once. If the
// fault is retried, or completed without the mmap lock, a memory slot can be deleted, moved
// or replaced meanwhile. Then the segment of the old one is linked: the guest goes on in
// memory that it does not have any more, or in other memory than KVM and the VMM, and is not
// stopped there when the slot goes. It can also be unmapped meanwhile, with the tables above.
//
// Translate again for a retry. A fault that is completed need not link: the access is
// repeated, and if its segment is not linked it faults again.
//
// Linux 6.12 translates again (gmap_fault()).
// file: arch/s390/mm/fault.c
// rule retry: 1
// rule completed: 1
// rule label: 1

@retry@
symbol mm, gmap, address, fault, flags;
@@
 do_exception(...)
 {
 <...
 flags |= FAULT_FLAG_TRIED;
 mmap_read_lock(mm);
+if (gmap) {
+	address = __gmap_translate(gmap, current->thread.gmap_addr);
+	if (address == -EFAULT) {
+		fault = VM_FAULT_BADMAP;
+		goto out_up;
+	}
+}
 goto retry;
 ...>
 }

@completed@
@@
-if (gmap) {
-	mmap_read_lock(mm);
-	goto out_gmap;
-}
 fault = 0;
 goto out;

@label@
statement S;
@@
 do_exception(...)
 {
 <...
-out_gmap:
 S
 ...>
 }
