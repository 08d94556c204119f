// SPDX-License-Identifier: GPL-2.0
// subject: mm/khugepaged: leave page tables of KVM guests on s390 alone
//
// Bug in stock Linux: when khugepaged puts a huge page into a file, it frees the
// page tables of everybody else who maps that part of it. A gmap still links
// the table: the guest goes on in a freed page, and its keys are lost. VMAs of a
// process with guests have no huge pages; leave their tables alone.
//
// Linux 6.12 still has it.
//
// Fixes: f3f0e1d2150b ("khugepaged: add support of collapse for tmpfs/shmem pages")
// file: mm/khugepaged.c
// file: mm/internal.h
// file: arch/s390/include/asm/pgtable.h
// rule retract: 1 6.1
// rule retract: 2 6.12
// rule other_architectures: 1
// rule s390: 1
// span: mm/khugepaged.c retract_page_tables 5a494d451b6c 6.1.192-2
// span: mm/khugepaged.c retract_page_tables 34963090d3cb 6.12.117-1~deb12u1

@retract@
identifier vma;
@@
 retract_page_tables(...)
 {
 <...
-userfaultfd_wp(vma)
+userfaultfd_wp(vma) || arch_needs_page_tables(vma->vm_mm)
 ...>
 }

@other_architectures@
@@
 struct folio_batch;
+
+/* Must what is mapped in this mm be mapped by page tables, and do they have to stay? */
+#ifndef arch_needs_page_tables
+#define arch_needs_page_tables(mm)	false
+#endif

@s390@
typedef pte_t;
@@
 bool ptep_test_and_clear_uc(struct mm_struct *mm, unsigned long address, pte_t *ptep);
+
+/* A gmap links the tables of a process with guests. */
+#define arch_needs_page_tables(mm)	mm_has_pgste(mm)
