// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: vsie: handle faults of nested guests outside of SIE
//
// Bug in stock 6.1: a nested guest's fault takes the mmap lock while its vCPU still
// counts as in SIE. A task that holds the lock for writing and calls a notifier
// (mprotect, clear_refs, replacement of page tables) waits for the vCPU to leave
// SIE, so neither can go on. The fault of a nested guest does not look at the page
// tables of the process and does not need the lock: it ends SIE, and
// handle_fault() in vsie.c does the rest.
// file: arch/s390/mm/fault.c
// rule shadow: 1

@shadow@
@@
 do_exception(...)
 {
 <...
+if (type == GMAP_FAULT && gmap_is_shadow((struct gmap *)S390_lowcore.gmap)) {
+	current->thread.gmap_addr = address;
+	current->thread.gmap_write_flag = !!(flags & FAULT_FLAG_WRITE);
+	current->thread.gmap_int_code = regs->int_code & 0xffff;
+	fault = VM_FAULT_BADMAP;
+	goto out;
+}
 mmap_read_lock(mm);
 gmap = NULL;
 ...>
 }
