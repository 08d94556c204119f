// SPDX-License-Identifier: GPL-2.0
// The tests of an mm and set_ptes() or set_pte_at() come from <asm/pgste.h>, operations that return
// a PTE from <asm/ptep.h>, both included before Linux declares them.
// file: arch/s390/include/asm/pgtable.h
// rule include: 1
// rule questions: 1
// rule set_pte_at: 2 6.1
// rule set_ptes: 2 6.12
// rule clear: 2
// rule clear_flush: 2
// rule clear_full: 2
// span: arch/s390/include/asm/pgtable.h mm_has_pgste 14867efcbeee 6.1.192-2
// span: arch/s390/include/asm/pgtable.h mm_is_protected 872a54d4ad8a 6.1.192-2
// span: arch/s390/include/asm/pgtable.h ptep_get_and_clear 5bdabd9e9b63 6.1.192-2
// span: arch/s390/include/asm/pgtable.h ptep_clear_flush 865a37ee535e 6.1.192-2
// span: arch/s390/include/asm/pgtable.h ptep_get_and_clear_full 15d744fc80e4 6.1.192-2
// span: arch/s390/include/asm/pgtable.h set_pte_at 70a30f441b35 6.1.192-2
// span: arch/s390/include/asm/pgtable.h mm_has_pgste 14867efcbeee 6.12.117-1~deb12u1
// span: arch/s390/include/asm/pgtable.h mm_is_protected 872a54d4ad8a 6.12.117-1~deb12u1
// span: arch/s390/include/asm/pgtable.h ptep_get_and_clear b255e9d33cea 6.12.117-1~deb12u1
// span: arch/s390/include/asm/pgtable.h ptep_clear_flush 7cfe4abb06db 6.12.117-1~deb12u1
// span: arch/s390/include/asm/pgtable.h ptep_get_and_clear_full 2346205b63e6 6.12.117-1~deb12u1
// span: arch/s390/include/asm/pgtable.h set_ptes 38a3ec487927 6.12.117-1~deb12u1

@include@
@@
+#include <asm/ptep.h>
+
+#ifndef CONFIG_PGSTE_MIXED
 static inline int mm_has_pgste(struct mm_struct *mm)
 {
 ...
 }

@questions@
@@
 static inline int mm_is_protected(struct mm_struct *mm)
 {
 ...
 }
+#endif

@set_pte_at@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 static inline void set_pte_at(struct mm_struct *mm, unsigned long addr,
			      pte_t *ptep, pte_t entry)
 {
 ...
 }
+#endif

@set_ptes@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 static inline void set_ptes(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t entry,
			    unsigned int nr)
 {
 ...
 }
+#endif

@clear@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 static inline pte_t ptep_get_and_clear(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
 {
 ...
 }
+#endif

@clear_flush@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 static inline pte_t ptep_clear_flush(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep)
 {
 ...
 }
+#endif

@clear_full@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 static inline pte_t ptep_get_and_clear_full(struct mm_struct *mm, unsigned long addr,
					     pte_t *ptep, int full)
 {
 ...
 }
+#endif
