// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: log writes to pages that were writable before SIE was enabled
//
// Bug in stock Linux: a page that was writable before SIE was enabled does not
// have the user-dirty bit in its PGSTE, so what the guest writes to it never
// reaches the dirty log. Give each such PTE the PGSTE that a store through
// set_pte_at() would have left.
//
// Linux 6.12 still has it.
// file: arch/s390/mm/gmap.c
// file: arch/s390/mm/pgtable.c
// file: arch/s390/include/asm/pgtable.h
// rule declare: 1
// rule define: 1
// rule adopt: 1 6.1
// rule walk: 1 6.12
// rule enable: 1 6.12

@declare@
typedef pte_t;
@@
+void ptep_adopt(struct mm_struct *mm, unsigned long addr, pte_t *ptep);
 void ptep_set_notify(struct mm_struct *mm, unsigned long addr, pte_t *ptep);

@define@
typedef pte_t, pgste_t;
@@
+/**
+ * ptep_adopt - start to maintain the PGSTE of a PTE
+ * @mm: the address space, whose PGSTEs were not in use until now
+ * @addr: the address the entry maps
+ * @ptep: the entry
+ *
+ * Context: page table lock held.
+ */
+void ptep_adopt(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
+{
+	pte_t pte = *ptep;
+	pgste_t pgste;
+
+	if (!mm_has_pgste(mm))
+		return;
+	if (!pte_present(pte) || !pte_write(pte) || pte_val(pte) & _PAGE_INVALID)
+		return;
+	if (pte_val(pte) & _PAGE_PROTECT) {
+		/* Without ESOP it must not stay protected: see pgste_set_pte(). */
+		if (!MACHINE_HAS_ESOP)
+			ptep_xchg_direct(mm, addr, ptep, pte);
+		return;
+	}
+	preempt_disable();
+	pgste = pgste_get_lock(ptep);
+	pgste_val(pgste) |= PGSTE_UC_BIT;
+	pgste_set_unlock(ptep, pgste);
+	preempt_enable();
+}
+
 void ptep_set_notify(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
 {
 ...
 }

@adopt@
identifier ptep;
expression e;
statement S;
@@
 __zap_zero_pages(...)
 {
 <...
 if (e) S

+ptep_adopt(walk->mm, addr, ptep);
 pte_unmap_unlock(ptep, ptl);
 ...>
 }

// Linux 6.12 has no such walk any more.
@walk depends on !adopt@
typedef pte_t;
@@
+static int adopt_pte_entry(pte_t *ptep, unsigned long addr, unsigned long next, struct mm_walk *walk)
+{
+	ptep_adopt(walk->mm, addr, ptep);
+	return 0;
+}
+
+static const struct mm_walk_ops adopt_ops = {
+	.pte_entry = adopt_pte_entry,
+	.walk_lock = PGWALK_WRLOCK,
+};
+
 int s390_enable_sie(void)
 {
 ...
 }

@enable depends on walk@
identifier mm;
@@
 s390_enable_sie(...)
 {
 <...
 thp_split_mm(mm);
+walk_page_range(mm, 0, TASK_SIZE, &adopt_ops, NULL);
 mmap_write_unlock(mm);
 ...>
 }
