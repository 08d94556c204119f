// SPDX-License-Identifier: GPL-2.0
// Allocation and freeing of page tables by kind: pgalloc.c replaces these.
// file: arch/s390/mm/pgalloc.c
// rule shadow_alloc: 1
// rule shadow_free: 1
// rule alloc: 1
// rule remove: 1
// span: arch/s390/mm/pgalloc.c page_table_alloc_pgste 67a2d4aff884 6.1.192-2
// span: arch/s390/mm/pgalloc.c page_table_free_pgste e47fe2fda3cc 6.1.192-2
// span: arch/s390/mm/pgalloc.c page_table_alloc 4b5fe5605f55 6.1.192-2
// span: arch/s390/mm/pgalloc.c page_table_release_check ccd76326764d 6.1.192-2
// span: arch/s390/mm/pgalloc.c page_table_free a879b13a0d62 6.1.192-2
// span: arch/s390/mm/pgalloc.c page_table_free_rcu 3aefdcd21aa1 6.1.192-2
// span: arch/s390/mm/pgalloc.c __tlb_remove_table 83a23dac950e 6.1.192-2

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
