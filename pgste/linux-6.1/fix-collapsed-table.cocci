// SPDX-License-Identifier: GPL-2.0
// subject: mm/khugepaged: clear the entries of a table that is freed
//
// Bug in stock 6.1: khugepaged and MADV_COLLAPSE free a page table that maps
// the small pages of a huge page of a file, without clearing its entries. The
// allocator of 2K tables hands out the table with them: fresh anonymous memory
// shows the file, and its end takes references and map counts away that nobody
// has. Clear each entry with the reference that it stands for.
// file: mm/khugepaged.c
// rule clear: 1

@clear@
identifier mm, addr;
@@
 collapse_pte_mapped_thp(struct mm_struct *mm, unsigned long addr, ...)
 {
 <...
+ptep_clear(mm, addr, pte);
 page_remove_rmap(page, vma, false);
 ...>
 }
