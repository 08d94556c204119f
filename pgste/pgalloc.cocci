// SPDX-License-Identifier: GPL-2.0
// Allocation and freeing of page tables by kind: pgalloc.c replaces these.
// file: arch/s390/mm/pgalloc.c
// rule shadow_alloc: 1
// rule shadow_free: 1
// rule alloc: 1
// rule remove: 1

@shadow_alloc@
@@
+#ifndef CONFIG_PGSTE_MIXED
 struct page *page_table_alloc_pgste(struct mm_struct *mm)
 {
 ...
 }

@shadow_free@
@@
 void page_table_free_pgste(struct page *page)
 {
 ...
 }
+#endif

@alloc@
@@
+#ifndef CONFIG_PGSTE_MIXED
 unsigned long *page_table_alloc(struct mm_struct *mm)
 {
 ...
 }

@remove@
@@
 void __tlb_remove_table(void *_table)
 {
 ...
 }
+#endif
