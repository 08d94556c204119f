// SPDX-License-Identifier: GPL-2.0
// For comparison: one kind of table per process (asm/pgste_uniform.h).
// file: arch/s390/include/asm/pgste.h
// rule mm_question: 1
// rule question: 1
// rule header: 1

@mm_question@
@@
-mm_has_pgste(...) { ... }

@question@
@@
-ptep_has_pgste(...) { ... }

@header@
@@
+#include <asm/pgste_uniform.h>
+
 ptep_lacks_pgste(...) { ... }
