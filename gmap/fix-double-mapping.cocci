// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: do not take a segment that is mapped twice for linked
//
// Bugs in stock Linux: a segment of the process that is mapped at two guest
// addresses can be linked at one of them only. __gmap_link() documents -EFAULT
// for the other but returns -EEXIST, which do_exception() takes for success:
// the guest faults there for ever. When a memory slot is deleted or moved, the
// segment is unlinked at the other address, too, whose users are not notified:
// a vCPU with its prefix area there meets a validity intercept (0x37).
// file: arch/s390/mm/gmap.c
// rule exist: 1
// rule linked: 2

@exist@
identifier rc;
@@
 __gmap_link(...)
 {
 <...
 rc = radix_tree_insert(...);
+if (rc == -EEXIST)
+	rc = -EFAULT;
 ...>
 }

@linked@
typedef bool;
identifier fn = __gmap_unmap_by_gaddr;
identifier gmap, gaddr, vmaddr;
@@
+/* Is the segment at vmaddr linked here, and not at another guest address? */
+static bool gmap_linked_at(struct gmap *gmap, unsigned long vmaddr, unsigned long gaddr)
+{
+	unsigned long *entry;
+	bool linked;
+
+	spin_lock(&gmap->guest_table_lock);
+	entry = radix_tree_lookup(&gmap->host_to_guest, vmaddr >> PMD_SHIFT);
+	linked = entry && __gmap_segment_gaddr(entry) == (gaddr & PMD_MASK);
+	spin_unlock(&gmap->guest_table_lock);
+	return linked;
+}
+
 static int fn(struct gmap *gmap, unsigned long gaddr)
 {
 <...
-return vmaddr ? __gmap_unlink_by_vmaddr(gmap, vmaddr) : 0;
+if (!vmaddr || !gmap_linked_at(gmap, vmaddr, gaddr))
+	return 0;
+return __gmap_unlink_by_vmaddr(gmap, vmaddr);
 ...>
 }
