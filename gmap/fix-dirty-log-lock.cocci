// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: take the mmap lock to read the dirty log
//
// Bug in stock 6.1: KVM_GET_DIRTY_LOG walks page tables of the process without
// the mmap lock. munmap can free them meanwhile, replacement moves them.
// file: arch/s390/mm/gmap.c
// rule lock: 3

@lock@
identifier gmap, pmdp;
@@
 gmap_sync_dirty_log_pmd(struct gmap *gmap, ...)
 {
 ...
+mmap_read_lock(gmap->mm);
 pmdp = gmap_pmd_op_walk(...);
-if (!pmdp) return;
+if (!pmdp)
+	goto unlock;
 ...
 gmap_pmd_op_end(gmap, pmdp);
+unlock:
+mmap_read_unlock(gmap->mm);
 }
