// SPDX-License-Identifier: GPL-2.0
// A process with guests gets no new transparent huge pages, whatever its VMAs and
// the page cache say, and keeps those it has until a guest, or an operation on a
// PGSTE, gets there: then they are split. (Stock Linux forbids them by VM_NOHUGEPAGE,
// which huge pages of the page cache do not look at: the guest gets an addressing
// exception for them.)
// file: mm/huge_memory.c 6.1
// file: mm/shmem.c 6.1
// file: mm/memory.c 6.1
// file: include/linux/huge_mm.h 6.12
// file: arch/s390/mm/gmap.c
// file: arch/s390/mm/pgtable.c
// file: arch/s390/kernel/uv.c
// rule forbidden: 2 6.1
// rule map: 1 6.1
// rule disabled: 1 6.12
// rule other_architectures: 1 6.12
// rule split: 5
// rule header: 1

@forbidden@
identifier fn =~ "^(hugepage_vma_check|(__)?shmem_is_huge)$";
identifier vma;
@@
 fn(...)
 {
 <...
-test_bit(MMF_DISABLE_THP, &vma->vm_mm->flags)
+test_bit(MMF_DISABLE_THP, &vma->vm_mm->flags) || arch_needs_page_tables(vma->vm_mm)
 ...>
 }

@map@
identifier vma, haddr;
@@
 do_set_pmd(...)
 {
 <...
-!transhuge_vma_suitable(vma, haddr)
+!transhuge_vma_suitable(vma, haddr) || arch_needs_page_tables(vma->vm_mm)
 ...>
 }

// All of these, in one place.
@disabled@
identifier vma;
@@
 vma_thp_disabled(...)
 {
 <...
-test_bit(MMF_DISABLE_THP, &vma->vm_mm->flags)
+test_bit(MMF_DISABLE_THP, &vma->vm_mm->flags) || arch_needs_page_tables(vma->vm_mm)
 ...>
 }

@other_architectures@
@@
 #include <linux/mm_types.h>
+#include <linux/pgtable.h>
+
+#ifndef arch_needs_page_tables
+#define arch_needs_page_tables(mm)	false
+#endif

@split@
identifier fn =~ "^(__gmap_zap|pgste_perform_essa|set_pgste_bits|get_pgste|gmap_make_secure)$";
@@
 fn(...)
 {
 <...
-get_locked_pte
+gmap_locked_pte
 (...)
 ...>
 }

@header@
@@
 #include <asm/uv.h>
+#include <asm/gmap_admission.h>
