// SPDX-License-Identifier: GPL-2.0
// A guest on Hercules cannot use zero pages (linux-6.12/zeropage.cocci beside this folder).
// Those that are there already are taken away as on Linux 6.1: when a table is promoted or linked.
// file: arch/s390/include/asm/pgste_linux.h
// rule none: 1
// rule header: 1

@none@
@@
-#define PGSTE_NO_ZERO_PAGES	false
+#define PGSTE_NO_ZERO_PAGES	on_hercules

@header@
@@
 #include <linux/page-flags.h>
+#include <asm/hercules.h>
