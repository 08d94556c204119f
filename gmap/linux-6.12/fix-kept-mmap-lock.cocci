// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: give up on a page that is not there if the fault must not wait
//
// Bug in stock Linux: gmap_fault() passes FAULT_FLAG_RETRY_NOWAIT, for guests with
// asynchronous page faults, to fixup_user_fault(), which takes the mmap lock
// again after each VM_FAULT_RETRY. With that flag the lock was never dropped. It
// is taken over and over until the page is there, by somebody else, and dropped
// once: the next munmap() of the process waits for ever. The caller waits for
// -EAGAIN, and no fault has ever been asynchronous.
// file: mm/gup.c
// file: arch/s390/mm/gmap.c
// rule retry: 1
// rule again: 1

@retry@
identifier mm, fault_flags;
expression ret;
@@
 fixup_user_fault(struct mm_struct *mm, ..., unsigned int fault_flags, ...)
 {
 <...
 if (ret & VM_FAULT_RETRY) {
+	if (fault_flags & FAULT_FLAG_RETRY_NOWAIT)
+		return -EAGAIN;
	mmap_read_lock(mm);
	...
 }
 ...>
 }

@again@
identifier rc, out;
expression list args;
@@
 gmap_fault(...)
 {
 <...
-if (fixup_user_fault(args)) {
-	rc = -EFAULT;
+rc = fixup_user_fault(args);
+if (rc) {
+	if (rc != -EAGAIN)
+		rc = -EFAULT;
	goto out;
 }
 ...>
 }
