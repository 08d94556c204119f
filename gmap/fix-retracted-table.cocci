// SPDX-License-Identifier: GPL-2.0
// subject: mm/khugepaged: leave page tables of KVM guests on s390 alone
//
// Bug in stock 6.1: when khugepaged puts a huge page into a file, it frees the
// page tables of whoever else maps that part of it. A guest mapping still links
// the table: the guest goes on in a freed page, and its keys are lost. Mappings
// of a process with guests have no huge pages; leave their tables alone.
//
// Linux 6.12 still has it.
//
// Fixes: f3f0e1d2150b ("khugepaged: add support of collapse for tmpfs/shmem pages")
// file: mm/khugepaged.c
// rule retract: 1
// span: mm/khugepaged.c retract_page_tables 5a494d451b6c 6.1.192-2

@retract@
identifier vma;
@@
 retract_page_tables(...)
 {
 <...
-userfaultfd_wp(vma)
+userfaultfd_wp(vma) || mm_has_pgste(vma->vm_mm)
 ...>
 }
