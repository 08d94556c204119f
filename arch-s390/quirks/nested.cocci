// SPDX-License-Identifier: GPL-2.0
// Nested guests on Hercules, which has no ESOP and a 31-bit SCA (memory ends below
// 2 GiB there): offer SIE to guests, and protect what is shadowed by no access
// (asm/hercules-nested.h).
// file: arch/s390/kvm/kvm-s390.c
// file: arch/s390/mm/gmap.c
// file: arch/s390/mm/pgtable.c
// rule offer: 1
// rule protect_top: 1
// rule protect_below: 1
// rule present: 1
// rule header: 2

@offer@
@@
 kvm_s390_cpu_feat_init(...)
 {
 <...
- !sclp.has_sief2 || !MACHINE_HAS_ESOP || !sclp.has_64bscao
+ !sclp.has_sief2 || (!on_hercules && (!MACHINE_HAS_ESOP || !sclp.has_64bscao))
 ...>
 }

@protect_top@
@@
 gmap_protect_range(...,
- PROT_READ
+ shadowed_prot()
 , GMAP_NOTIFY_SHADOW)

@protect_below@
@@
 ptep_force_prot(...,
- PROT_READ
+ shadowed_prot()
 , PGSTE_VSIE_BIT)

@present@
typedef pte_t;
identifier entry, prot, bit, pte_i;
@@
 int ptep_force_prot(..., int prot, unsigned long bit)
 {
 ...
 pte_t entry;
 <...
- (pte_i && (prot != PROT_NONE))
+ must_be_present(entry, bit) || (pte_i && (prot != PROT_NONE))
 ...>
 }

@header@
@@
 #include <asm/tlb.h>
+#include <asm/hercules-nested.h>
