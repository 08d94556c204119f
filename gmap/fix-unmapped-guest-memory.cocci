// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: notify those who use guest memory that is unmapped
//
// Bug in stock Linux: when a memory slot is deleted or moved nobody is notified. A vCPU
// whose prefix area was there meets a validity intercept (0x37) in place of an error, and
// shadows of nested guests go on mapping what the hypervisor does not have any more, also
// after the process has freed it.
// file: arch/s390/mm/gmap.c
// rule declare: 1
// rule define: 1
// rule unmap: 2

@declare@
@@
+static void gmap_forget(struct gmap *gmap, unsigned long start, unsigned long end);
+
 int gmap_unmap_segment(struct gmap *gmap, unsigned long to, unsigned long len)
 {
 ...
 }

@define@
iterator name radix_tree_for_each_slot;
attribute name __rcu;
@@
+/* A shadow that is on no list any more; gives up the list's reference. */
+static void gmap_drop_shadow(struct gmap *sg)
+{
+	spin_lock(&sg->guest_table_lock);
+	gmap_unshadow(sg);
+	spin_unlock(&sg->guest_table_lock);
+	gmap_put(sg);
+}
+
+/*
+ * A part of the guest address space is about to go, if there is anything. With the mmap
+ * lock held for writing no notifier is armed and no shadow is built from it again before
+ * it has gone.
+ */
+static void gmap_forget(struct gmap *gmap, unsigned long start, unsigned long end)
+{
+	struct radix_tree_iter iter;
+	bool mapped = false;
+	struct gmap *sg;
+	void __rcu **slot;
+
+	mmap_assert_write_locked(gmap->mm);
+	radix_tree_for_each_slot(slot, &gmap->guest_to_host, &iter, start >> PMD_SHIFT) {
+		mapped = iter.index <= end >> PMD_SHIFT;
+		break;
+	}
+	if (!mapped)
+		return;
+	gmap_call_notifier(gmap, start, end);
+	spin_lock(&gmap->shadow_lock);
+	while ((sg = list_first_entry_or_null(&gmap->children, struct gmap, list))) {
+		list_del(&sg->list);
+		gmap_drop_shadow(sg);
+	}
+	spin_unlock(&gmap->shadow_lock);
+}
+
 static struct gmap *gmap_find_shadow(struct gmap *parent, unsigned long asce, int edat_level)
 {
 ...
 }

@unmap@
identifier fn =~ "^gmap_(un)?map_segment$", gmap, to, len;
@@
 int fn(struct gmap *gmap, ..., unsigned long to, unsigned long len)
 {
 <...
 mmap_write_lock(gmap->mm);
+gmap_forget(gmap, to, to + len - 1);
 ...>
 }
