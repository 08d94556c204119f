// SPDX-License-Identifier: GPL-2.0
// The storage key of a page is read and written for a guest only if the kernel
// manages the page. For other frames the guest's key is in the PGSTE only.
// replace.c resets keys as enabling them does (__s390_enable_skey_pte()).
// file: arch/s390/mm/pgtable.c
// rule transfer: 2
// rule zap: 1
// rule operations: 3
// span: arch/s390/mm/gmap.c __s390_enable_skey_pte 025b0683dbef 6.1.192-2
// span: arch/s390/mm/gmap.c __s390_enable_skey_pte 025b0683dbef 6.12.117-1~deb12u1

@transfer@
identifier fn =~ "^pgste_(update_all|set_key)$";
@@
 fn(...)
 {
 <...
(
-pte_val(pte) & _PAGE_INVALID
+pte_val(pte) & _PAGE_INVALID || !pte_has_key(pte)
|
-pte_val(entry) & _PAGE_INVALID
+pte_val(entry) & _PAGE_INVALID || !pte_has_key(entry)
)
 ...>
 }

@zap@
@@
 ptep_zap_key(...)
 {
 <...
-ptev & _PAGE_WRITE
+ptev & _PAGE_WRITE && pte_has_key(__pte(ptev))
 ...>
 }

@operations@
identifier fn =~ "^(set_guest_storage_key|reset_guest_reference_bit|get_guest_storage_key)$";
@@
 fn(...)
 {
 <...
 if (
-!(pte_val(*ptep) & _PAGE_INVALID)
+!(pte_val(*ptep) & _PAGE_INVALID) && pte_has_key(*ptep)
 ) { ... }
 ...>
 }
