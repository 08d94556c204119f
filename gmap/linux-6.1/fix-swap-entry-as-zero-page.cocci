// SPDX-License-Identifier: GPL-2.0
// subject: s390/mm: do not take a swap entry for the zero page
//
// Bug in stock 6.1: enabling SIE drops what looks like a mapping of the zero
// page. The offset of a swap entry stands where a present PTE has its frame
// number, so a swapped-out page can look like that too, and is lost.
//
// Linux 6.12 does it in another way and does not have this bug.
//
// Fixes: fa41ba0d08de ("s390/mm: avoid empty zero pages for KVM guests to avoid postcopy hangs")
// file: arch/s390/mm/gmap.c
// rule present: 1

@present@
identifier ptep;
@@
 __zap_zero_pages(...)
 {
 <...
-is_zero_pfn(pte_pfn(*ptep))
+(pte_present(*ptep) && is_zero_pfn(pte_pfn(*ptep)))
 ...>
 }
