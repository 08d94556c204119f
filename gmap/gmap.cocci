// SPDX-License-Identifier: GPL-2.0
// __gmap_link() is where a segment of a process enters a guest mapping. It
// admits what gmap_admits() admits; its callers in the gmap code turn a
// refusal into the -EFAULT they document.
// file: arch/s390/mm/gmap.c
// rule admit: 1
// rule user_error: 2
// rule prepare: 2
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

@user_error@
identifier fn =~ "^gmap_(fault|pte_op_fixup)$";
expression gmap, gaddr, vmaddr;
@@
 fn(...)
 {
 <...
-__gmap_link(gmap, gaddr, vmaddr)
+gmap_user_error(__gmap_link(gmap, gaddr, vmaddr))
 ...>
 }

@prepare@
@@
+#ifdef CONFIG_PGSTE_MIXED
+/**
+ * gmap_prepare_mm - what the mappings of a process must not have in a guest
+ * @mm: the address space; its mode is set already
+ *
+ * Context: mmap lock held for writing; may sleep.
+ */
+void gmap_prepare_mm(struct mm_struct *mm)
+{
+	thp_split_mm(mm);
+	walk_page_range(mm, 0, TASK_SIZE, &zap_zero_walk_ops, NULL);
+}
+#else
 int s390_enable_sie(void)
 {
 ...
 }
+#endif

@header@
@@
 #include <asm/gmap.h>
+#include <asm/gmap_admission.h>
