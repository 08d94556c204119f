// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: read the dirty log from the page tables of the process
//
// Bug in stock Linux: KVM_GET_DIRTY_LOG follows the segment entry of the gmap without the
// mmap lock, and allocates a page table there if it finds none. munmap can be freeing the
// table meanwhile. The lock alone does not stop it: munmap frees page tables after it has
// downgraded the lock, so a table allocated now is on no list and stays in the gmap, where
// the guest faults for ever. And a segment that is not linked at this moment is taken for
// clean. Read the log from the page tables of the process, by its VMAs: no table of a
// segment into which a VMA reaches is freed while the lock is held, and a walk by VMAs
// allocates nothing. The bit of a 1 MiB page is in the gmap.
//
// The tables of the process do not say through which of several memory slots a page was
// written, if more than one has it: it is dirty in all of them.
//
// Fixes: 0959e168678d ("s390/mm: Add huge page dirty sync support")
// file: arch/s390/mm/gmap.c
// file: arch/s390/kvm/kvm-s390.c
// rule walk: 1
// rule log: 5
// rule mark: 2

@walk@
typedef pmd_t, pte_t;
@@
+/*
+ * The page table lock protects the PGSTEs; the table cannot go away, nor become another
+ * one, since the caller holds the mmap lock and the walk has found a VMA.
+ */
+static int gmap_log_table(pmd_t *pmdp, unsigned long addr, unsigned long end, struct mm_walk *walk)
+{
+	unsigned long *bitmap = walk->private;
+	pmd_t pmd = READ_ONCE(*pmdp);
+	pte_t *first;
+	pte_t *ptep;
+	spinlock_t *ptl;
+
+	if (pmd_none(pmd) || pmd_leaf(pmd))
+		return 0;
+	ptep = first = pte_offset_map_lock(walk->mm, pmdp, addr, &ptl);
+	if (!first)
+		return 0;
+	while (addr < end) {
+		if (ptep_test_and_clear_uc(walk->mm, addr, ptep))
+			set_bit((addr & ~PMD_MASK) >> PAGE_SHIFT, bitmap);
+		addr += PAGE_SIZE;
+		ptep++;
+	}
+	pte_unmap_unlock(first, ptl);
+	return 0;
+}
+
+/* VM_PFNMAP too, which a walk leaves out by default. */
+static int gmap_log_every_vma(unsigned long addr, unsigned long end, struct mm_walk *walk)
+{
+	return 0;
+}
+
+static const struct mm_walk_ops gmap_log_ops = {
+	.pmd_entry = gmap_log_table,
+	.test_walk = gmap_log_every_vma,
+};
+
 void gmap_sync_dirty_log_pmd(struct gmap *gmap, ...)
 {
 ...
 }

@log disable all@
identifier gmap, bitmap, gaddr, vmaddr, i, pmdp, ptep, ptl;
identifier huge =~ "^pmd_(large|leaf)$";
statement S;
@@
 gmap_sync_dirty_log_pmd(struct gmap *gmap, unsigned long bitmap[4],
			 unsigned long gaddr, unsigned long vmaddr)
 {
-int i;
 pmd_t *pmdp;
-pte_t *ptep;
-spinlock_t *ptl;

+mmap_read_lock(gmap->mm);
+/* KVM looks one segment further than the memory slot. */
+if (__gmap_translate(gmap, gaddr) != vmaddr)
+	goto unlock;
+walk_page_range(gmap->mm, vmaddr, vmaddr + PMD_SIZE, &gmap_log_ops, bitmap);
 pmdp = gmap_pmd_op_walk(...);
-if (!pmdp) return;
+if (!pmdp)
+	goto unlock;
 if (huge(*pmdp)) S
-else { ... }
 gmap_pmd_op_end(gmap, pmdp);
+unlock:
+mmap_read_unlock(gmap->mm);
 }

@mark@
symbol i, vmaddr, cur_gfn;
@@
+/* A page of the process was written: in each memory slot that has it. */
+static void mark_dirty_at(struct kvm *kvm, unsigned long hva)
+{
+	struct kvm_memslots *slots = kvm_memslots(kvm);
+	struct interval_tree_node *node;
+	struct kvm_memory_slot *slot;
+
+	node = interval_tree_iter_first(&slots->hva_tree, hva, hva);
+	while (node) {
+		slot = container_of(node, struct kvm_memory_slot, hva_node[slots->node_idx]);
+		mark_page_dirty_in_slot(kvm, slot, hva_to_gfn_memslot(hva, slot));
+		node = interval_tree_iter_next(node, hva, hva);
+	}
+}
+
 void kvm_arch_sync_dirty_log(struct kvm *kvm, ...)
 {
 <...
-mark_page_dirty(kvm, cur_gfn + i);
+mark_dirty_at(kvm, vmaddr + i * PAGE_SIZE);
 ...>
 }
