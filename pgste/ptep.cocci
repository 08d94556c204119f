// SPDX-License-Identifier: GPL-2.0
// Operations on a PTE test once which kind its table is (ptep.c). What looks for a
// PGSTE by a process address tests whether there is one.
// file: arch/s390/mm/pgtable.c
// rule direct: 1
// rule commit: 1
// rule known: 2
// rule writable: 1
// rule zap: 2
// rule set_key: 1
// rule reset: 1
// rule get_key: 1
// rule usage_state: 2
// rule set_usage: 1
// rule dirty: 1
// rule header: 1

@direct@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 pte_t ptep_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t new)
 {
 ...
 }

@commit@
typedef pte_t;
@@
 void ptep_modify_prot_commit(struct vm_area_struct *vma, unsigned long addr,
			      pte_t *ptep, pte_t old_pte, pte_t pte)
 {
 ...
 }
+#else
+#include "../pgmix/pgste/ptep.c"
+#endif

@known@
identifier fn =~ "^ptep_xchg_(start|commit)$";
@@
 fn(...)
 {
 <...
-mm_has_pgste(mm)
+pgste_known(mm)
 ...>
 }

// Three tests as one. Isomorphisms are disabled: with all ways to write this it takes
// too long.
@writable disable drop_cast, not_int1, not_int2, not_ptr1, not_ptr2, is_zero, is_null, bitand_comm, unlikely, paren@
expression e;
@@
-(pte_val(e) & _PAGE_PRESENT) && (pte_val(e) & _PAGE_WRITE) && !(pte_val(e) & _PAGE_INVALID)
+(pte_val(e) & (_PAGE_PRESENT | _PAGE_WRITE | _PAGE_INVALID)) == (_PAGE_PRESENT | _PAGE_WRITE)

@zap@
typedef pte_t, pgste_t;
identifier fn =~ "^ptep_zap_(unused|key)$", pgste;
@@
 void fn(struct mm_struct *mm, unsigned long addr, pte_t *ptep, ...)
 {
 ...
 pgste_t pgste;
 ...
+if (!ptep_has_pgste(mm, ptep))
+	return;
 preempt_disable();
 ...
 }

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
+if (ptep_lacks_pgste(mm, ptep))
+	return false;
 pgste = pgste_get_lock(ptep);
 ...
 }

@header@
@@
 #include <asm/tlbflush.h>
+#include <asm/gmap_admission.h>
