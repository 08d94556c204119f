// SPDX-License-Identifier: GPL-2.0
// For comparison: the question of the RFC (asm/pgste_naive.h), which the primitives ask,
// each time, so that an operation has one way only.
// file: arch/s390/include/asm/pgste.h
// file: arch/s390/include/asm/ptep.h
// file: arch/s390/pgmix/pgste/ptep.c
// file: arch/s390/mm/pgtable.c
// rule mm_question: 1
// rule question: 1
// rule known: 1
// rule locked: 1
// rule no_answer: 5
// rule one_way: 1

@mm_question@
@@
-mm_has_pgste(...) { ... }

@question@
@@
-ptep_has_pgste(...) { ... }

@known@
@@
-#define pgste_known(mm) true
+#include <asm/pgste_naive.h>

@locked@
identifier old_pte;
@@
 ptep_modify_prot_commit(..., pte_t old_pte, ...)
 {
 <...
-pte_val(old_pte) & _PAGE_PGSTE_LOCKED
+ptep_has_pgste(vma->vm_mm, ptep)
 ...>
 }

@no_answer@
expression mm, ptep, a, b;
@@
-ptep_has_pgste(mm, ptep) ? a : b
+a

@one_way@
@@
+#include <asm/pgste_one_way.h>
 #include "../pgmix/pgste/ptep.c"
