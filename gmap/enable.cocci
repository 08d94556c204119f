// SPDX-License-Identifier: GPL-2.0
// s390_enable_sie() is ours (sysctl/vm_type.c). What it did with the VMAs of the process is
// done when a segment is linked (gmap_prepare_table()).
// file: arch/s390/mm/gmap.c
// rule walk: 1 6.1
// rule begin: 1 6.12
// rule enable: 1
// span: arch/s390/mm/gmap.c s390_enable_sie f064954600c5 6.1.192-2
// span: arch/s390/mm/gmap.c __zap_zero_pages 64ac10e199d8 6.1.192-2
// span: arch/s390/mm/gmap.c zap_zero_walk_ops 72cb7af00436 6.1.192-2
// span: arch/s390/mm/gmap.c s390_enable_sie efe5a2aa5cd8 6.12.117-1~deb12u1

@walk@
@@
+#ifndef CONFIG_PGSTE_MIXED
 static int __zap_zero_pages(...)
 {
 ...
 }

@begin depends on !walk@
@@
+#ifndef CONFIG_PGSTE_MIXED
 int s390_enable_sie(void)
 {
 ...
 }

@enable@
@@
 int s390_enable_sie(void)
 {
 ...
 }
+#endif
