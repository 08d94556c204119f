// SPDX-License-Identifier: GPL-2.0
// Operations on a PTE test once which kind its table is (ptep.c).
// file: arch/s390/mm/pgtable.c
// rule direct: 1
// rule rdp: 1 6.12
// rule lazy: 1 6.12
// rule commit: 1
// rule known: 2
// rule writable: 1
// rule zap: 2
// span: arch/s390/mm/pgtable.c ptep_xchg_direct 1168c5179503 6.1.192-2
// span: arch/s390/mm/pgtable.c ptep_xchg_lazy 06d839759632 6.1.192-2
// span: arch/s390/mm/pgtable.c ptep_modify_prot_start f68b4cf56494 6.1.192-2
// span: arch/s390/mm/pgtable.c ptep_modify_prot_commit 0bcff631987a 6.1.192-2
// span: arch/s390/mm/pgtable.c pgste_set_pte ce694e5ff86e 6.1.192-2
// span: arch/s390/mm/pgtable.c ptep_xchg_direct 1168c5179503 6.12.117-1~deb12u1
// span: arch/s390/mm/pgtable.c ptep_xchg_lazy 06d839759632 6.12.117-1~deb12u1
// span: arch/s390/mm/pgtable.c ptep_modify_prot_start f68b4cf56494 6.12.117-1~deb12u1
// span: arch/s390/mm/pgtable.c ptep_modify_prot_commit 0bcff631987a 6.12.117-1~deb12u1
// span: arch/s390/mm/pgtable.c pgste_set_pte ce694e5ff86e 6.12.117-1~deb12u1

@direct@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 pte_t ptep_xchg_direct(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t new)
 {
 ...
 }

// It has no part in PGSTEs: only entries of a process without them are changed like this.
@rdp@
typedef pte_t;
@@
+#endif
+
 void ptep_reset_dat_prot(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t new)
 {
 ...
 }

@lazy depends on rdp@
typedef pte_t;
@@
+#ifndef CONFIG_PGSTE_MIXED
 pte_t ptep_xchg_lazy(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t new)
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
