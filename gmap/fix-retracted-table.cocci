// SPDX-License-Identifier: GPL-2.0
// Bug in stock 6.1: when khugepaged puts a huge page into a file, it frees the
// page tables of everybody else who maps that part of it. A gmap still links
// the table: the guest goes on in a freed page, and its keys are lost. VMAs of a
// process with guests have no huge pages; leave their tables alone.
// file: mm/khugepaged.c
// rule retract: 1

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
