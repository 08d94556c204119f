// SPDX-License-Identifier: GPL-2.0
// The questions about an mm and set_pte_at() come from <asm/pgste.h>.
// file: arch/s390/include/asm/pgtable.h
// rule include: 1
// rule questions: 1
// rule set_pte_at: 2

@include@
@@
+#include <asm/pgste.h>
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
