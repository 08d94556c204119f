// SPDX-License-Identifier: GPL-2.0
// The reverse-map locks of some VMAs of a process, as mm_take_all_locks() takes those of
// all: with its mutex, its marks for a lock that several VMAs share, in its order.
// file: mm/mmap.c 6.1
// file: mm/vma.c 6.12
// rule locks: 1
// rule header: 1 6.1
// rule header_of_vma: 1 6.12
// span: mm/mmap.c mm_take_all_locks 13bf59877a1b 6.1.192-2
// span: mm/mmap.c mm_drop_all_locks 8d17b41d6fcf 6.1.192-2
// span: mm/vma.c mm_take_all_locks d90f41dc86e5 6.12.117-1~deb12u1
// span: mm/vma.c mm_drop_all_locks 3dc9765155fe 6.12.117-1~deb12u1

@locks@
@@
 void mm_drop_all_locks(struct mm_struct *mm)
 {
 ...
 }
+
+#ifdef CONFIG_PGSTE_MIXED
+/**
+ * mm_lock_rmap - keep reverse-map walkers away from some VMAs
+ * @mm: the address space
+ * @vmas: VMAs of it, none of hugetlb; they may share locks
+ * @nr: how many
+ *
+ * All others take at most one i_mmap_rwsem, and in it at most one anon_vma's lock;
+ * all who take more hold mm_all_locks_mutex. So who holds one of those that are
+ * waited for here waits for nobody who waits for this. All anon_vmas of a VMA have
+ * one root, whose lock is theirs.
+ *
+ * Context: mmap lock held for writing, until mm_unlock_rmap(). May sleep, does not
+ * look at signals. No memory may be allocated with the locks held.
+ */
+void mm_lock_rmap(struct mm_struct *mm, struct vm_area_struct **vmas, int nr)
+{
+	int i;
+
+	mmap_assert_write_locked(mm);
+	mutex_lock(&mm_all_locks_mutex);
+	for (i = 0; i < nr; i++) {
+		if (vmas[i]->vm_file)
+			vm_lock_mapping(mm, vmas[i]->vm_file->f_mapping);
+	}
+	for (i = 0; i < nr; i++) {
+		if (vmas[i]->anon_vma)
+			vm_lock_anon_vma(mm, vmas[i]->anon_vma);
+	}
+}
+
+/**
+ * mm_unlock_rmap - undo mm_lock_rmap()
+ * @mm: the address space
+ * @vmas: the same VMAs
+ * @nr: how many
+ */
+void mm_unlock_rmap(struct mm_struct *mm, struct vm_area_struct **vmas, int nr)
+{
+	int i;
+
+	for (i = 0; i < nr; i++) {
+		if (vmas[i]->anon_vma)
+			vm_unlock_anon_vma(vmas[i]->anon_vma);
+		if (vmas[i]->vm_file)
+			vm_unlock_mapping(vmas[i]->vm_file->f_mapping);
+	}
+	mutex_unlock(&mm_all_locks_mutex);
+}
+#endif

@header@
@@
 #include <asm/mmu_context.h>
+#ifdef CONFIG_PGSTE_MIXED
+#include <asm/pgtable_replace.h>
+#endif

@header_of_vma@
@@
 #include "vma.h"
+#ifdef CONFIG_PGSTE_MIXED
+#include <asm/pgtable_replace.h>
+#endif
