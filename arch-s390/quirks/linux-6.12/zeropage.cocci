// SPDX-License-Identifier: GPL-2.0
// Without ESOP, a guest that stores to a page which is write-protected in its host gets a
// protection exception. Linux 6.12 maps the zero page as guest memory until keys are enabled:
// on Hercules a process with a VM has none. (s390_disable_cow_sharing() would do, but turns
// KSM off, too.) What is there already goes when the VM is created, which splits huge pages;
// with mixed tables when a guest's table is made ready (mixed/linux-6.12/zeropage.cocci).
// file: arch/s390/include/asm/pgtable.h
// file: arch/s390/mm/gmap.c
// file: arch/s390/kvm/kvm-s390.c
// rule forbid: 1
// rule unshare: 1
// rule start: 1
// rule declare: 2
// rule header: 1

@forbid@
@@
 mm_forbids_zeropage(...)
 {
 <...
-!mm->context.allow_cow_sharing
+!mm->context.allow_cow_sharing || (on_hercules && mm_has_pgste(mm))
 ...>
 }

@header@
@@
+#include <asm/hercules.h>
+
 extern void paging_init(void);

@unshare@
@@
 static int __s390_unshare_zeropages(struct mm_struct *mm)
 {
 ...
 }
+
+/* From now on none is mapped: the process has a VM. */
+int hercules_unshare_zeropages(void)
+{
+	int rc;
+
+	mmap_write_lock(current->mm);
+	rc = __s390_unshare_zeropages(current->mm);
+	mmap_write_unlock(current->mm);
+	return rc;
+}
+EXPORT_SYMBOL_GPL(hercules_unshare_zeropages);

@start@
@@
 int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)
 {
 <...
+if (on_hercules && !IS_ENABLED(CONFIG_PGSTE_MIXED))
+	WARN_ON_ONCE(hercules_unshare_zeropages());
 return 0;
 ...>
 }

@declare@
@@
 #include <asm/gmap.h>
+#include <asm/hercules-zeropage.h>
