// SPDX-License-Identifier: GPL-2.0
// __gmap_link() is where a segment of a process enters a guest mapping. It
// admits what gmap_admits() admits; its callers in the gmap code have the
// table promoted, or return the -EFAULT they document. With its first guest
// mapping a process starts to use PGSTEs, with its last it stops.
// file: arch/s390/mm/gmap.c
// rule admit: 1
// rule fault: 1
// rule fixup: 1
// rule first: 1
// rule last: 1
// rule header: 1

@admit@
identifier ptl, pmd, mm;
@@
 __gmap_link(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr)
 {
 ...
 ptl = pmd_lock(mm, pmd);
+if (!gmap_admits(*pmd)) {
+	spin_unlock(ptl);
+	radix_tree_preload_end();
+	return gmap_refuse(gmap, gaddr, vmaddr);
+}
 ...
 }

@fault@
@@
 gmap_fault(...)
 {
 <...
-rc = __gmap_link(gmap, gaddr, vmaddr);
+rc = __gmap_link(gmap, gaddr, vmaddr);
+if (gmap_is_refusal(rc)) {
+	mmap_read_unlock(gmap->mm);
+	rc = gmap_resolve_refusal(gmap, gaddr);
+	mmap_read_lock(gmap->mm);
+	if (!rc)
+		goto retry;
+}
 ...>
 }

@fixup@
@@
 gmap_pte_op_fixup(...)
 {
 <...
-__gmap_link(gmap, gaddr, vmaddr)
+gmap_link_or_promote(gmap, gaddr, vmaddr)
 ...>
 }

@first@
@@
 gmap_create(...)
 {
 ...
 WRITE_ONCE(mm->context.gmap_asce, ...);
 spin_unlock(&mm->context.lock);
+gmap_start_mm(mm);
 ...
 }

@last@
@@
 gmap_remove(...)
 {
 ...
 synchronize_rcu();
+gmap_stop_mm(gmap->mm);
 ...
 }

@header@
@@
 #include <asm/gmap.h>
+#include <asm/gmap_admission.h>
