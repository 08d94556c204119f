// SPDX-License-Identifier: GPL-2.0
// Key and usage-state operations of KVM get at a PGSTE by a process address, where the
// guest need not have been: they find out whether there is one.
// file: arch/s390/mm/pgtable.c
// rule set_key: 1
// rule reset: 1
// rule get_key: 1
// rule usage_state: 2
// rule set_usage: 1
// rule dirty: 1
// rule header: 1

@set_key@
@@
 set_guest_storage_key(...)
 {
 <...
 ptep = pte_offset_map_lock(...);
+if (ptep_lacks_pgste(mm, ptep)) {
+	/* To store what promotion will leave there, nothing has to be done. */
+	pte_unmap_unlock(ptep, ptl);
+	return key == gmap_early_key(mm) ? 0 : GMAP_REFUSED;
+}
 ...>
 }

@reset@
@@
 reset_guest_reference_bit(...)
 {
 <...
 ptep = pte_offset_map_lock(...);
+if (ptep_lacks_pgste(mm, ptep)) {
+	pte_unmap_unlock(ptep, ptl);
+	return GMAP_REFUSED;
+}
 ...>
 }

@get_key@
@@
 get_guest_storage_key(...)
 {
 <...
 ptep = pte_offset_map_lock(...);
+if (ptep_lacks_pgste(mm, ptep)) {
+	*key = gmap_early_key(mm);
+	pte_unmap_unlock(ptep, ptl);
+	return 0;
+}
 ...>
 }

@usage_state@
identifier fn =~ "^(pgste_perform_essa|get_pgste)$";
@@
 fn(...)
 {
 ...
 ptep = get_locked_pte(...);
 if (unlikely(!ptep)) return -EFAULT;
+if (ptep_lacks_pgste(mm, ptep)) {
+	pte_unmap_unlock(ptep, ptl);
+	return -EFAULT;
+}
 ...
 }

@set_usage@
@@
 set_pgste_bits(...)
 {
 ...
 ptep = get_locked_pte(...);
 if (unlikely(!ptep)) return -EFAULT;
+if (ptep_lacks_pgste(mm, ptep)) {
+	pte_unmap_unlock(ptep, ptl);
+	return GMAP_REFUSED;
+}
 ...
 }

@dirty@
typedef pgste_t;
@@
 ptep_test_and_clear_uc(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
 {
 ...
+if (ptep_lacks_pgste(mm, ptep) || !gmap_was_linked(ptep))
+	return false;
 pgste = pgste_get_lock(ptep);
 ...
 }

@header@
@@
 #include <asm/tlbflush.h>
+#include <asm/gmap_admission.h>
