// SPDX-License-Identifier: GPL-2.0
// s390_enable_sie() is ours (sysctl/vm_type.c): what it did with the VMAs of the process
// is done when its mode is set.
// file: arch/s390/mm/gmap.c
// file: arch/s390/mm/pgtable.c
// rule adopt: 1
// rule prepare: 2
// span: arch/s390/mm/gmap.c s390_enable_sie f064954600c5 6.1.192-2

@adopt@
@@
 ptep_adopt(...)
 {
 <...
-mm_has_pgste(mm)
+ptep_has_pgste(mm, ptep)
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
