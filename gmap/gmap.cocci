// SPDX-License-Identifier: GPL-2.0
// __gmap_link() links a segment of a process into a gmap, if gmap_admits() says so.
// Otherwise its callers in the gmap code have the table promoted, or return the -EFAULT
// they document. A 1 MiB page can be split at any time, without the mmap lock, too: so
// what a segment is has to be looked at with the lock of its segment table held, and if
// there is nothing any more the access is repeated.
// file: arch/s390/mm/gmap.c
// rule gone: 1
// rule hugetlb: 1
// rule admit: 2
// rule fault: 1
// rule fixup: 1
// rule header: 1

@gone@
identifier pmd;
@@
 __gmap_link(...)
 {
 <...
-VM_BUG_ON(pmd_none(*pmd));
+if (pmd_none(*pmd))
+	return 0;
 ...>
 }

@hugetlb@
identifier pmd, huge =~ "^pmd_(large|leaf)$";
@@
 __gmap_link(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr)
 {
 <...
-huge(*pmd) && !gmap->mm->context.allow_gmap_hpage_1m
+gmap_bars_hugetlb(gmap->mm, vmaddr, *pmd)
 ...>
 }

@admit@
identifier ptl, pmd, mm;
@@
 __gmap_link(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr)
 {
 <...
+gmap_prepare_table(mm, pmd, vmaddr);
 ptl = pmd_lock(mm, pmd);
+if (pmd_none(*pmd)) {
+	spin_unlock(ptl);
+	radix_tree_preload_end();
+	return 0;
+}
+if (!gmap_admits(mm, vmaddr, *pmd)) {
+	spin_unlock(ptl);
+	radix_tree_preload_end();
+	return GMAP_REFUSED;
+}
 ...>
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

@header@
@@
 #include <asm/gmap.h>
+#include <asm/gmap_admission.h>
