// SPDX-License-Identifier: GPL-2.0
// s390_enable_sie() takes the VM type.
// file: arch/s390/include/asm/pgtable.h
// rule with_type: 2

@with_type@
@@
+#ifdef CONFIG_PGSTE_MIXED
+extern int s390_enable_sie(unsigned long type);
+#else
 extern int s390_enable_sie(void);
+#endif
