// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: do not put a page table into a gmap in place of a freed one
//
// Bug in stock Linux: what protects guest memory or reads a guest's tables follows the
// segment entry of the gmap with the mmap lock held for reading, and calls
// pte_alloc_map_lock() on it. munmap frees page tables after it has downgraded the lock: if
// the segment is unlinked between the two, a fresh table is put there that is on no list. It
// is never freed, and the guest faults there for ever. A vCPU that arms the notifier of its
// prefix area again, because munmap has called it, is on its way there at the right time.
//
// No table of a segment into which a VMA reaches is freed while the lock is held: look for
// the VMA first. Then there is a table, and none is allocated.
// file: arch/s390/mm/gmap.c
// rule walk: 2
// rule protect: 1

@walk@
typedef bool, pte_t;
identifier table;
@@
+/* Is there a VMA at this guest address? Context: mmap lock held. */
+static bool gmap_has_vma(struct gmap *gmap, unsigned long gaddr)
+{
+	unsigned long vmaddr = __gmap_translate(gmap, gaddr);
+
+	return !IS_ERR_VALUE(vmaddr) && vma_lookup(gmap->mm, vmaddr);
+}
+
 static pte_t *gmap_pte_op_walk(struct gmap *gmap, ...)
 {
 <...
-if (!table || *table & _SEGMENT_ENTRY_INVALID)
+if (!table || *table & _SEGMENT_ENTRY_INVALID || !gmap_has_vma(gmap, gaddr))
 	return NULL;
 ...>
 }

@protect@
identifier pmdp;
@@
 static int gmap_protect_pte(struct gmap *gmap, ...)
 {
 <...
-if (pmd_val(*pmdp) & _SEGMENT_ENTRY_INVALID)
+if (pmd_val(*pmdp) & _SEGMENT_ENTRY_INVALID || !gmap_has_vma(gmap, gaddr))
 	return -EAGAIN;
 ...>
 }
