// SPDX-License-Identifier: GPL-2.0
// Each of our safeguards asks whether it is left out (asm/safeguard.h).
// No header is changed: what does not ask is the same object as in KERNEL=run.
// file: arch/s390/mm/pgtable.c
// file: arch/s390/mm/gmap.c
// file: arch/s390/pgmix/pgste/replace.c
// rule lacks: 7
// rule managed: 8
// rule admits: 1
// rule lock: 1
// rule unlock: 1
// rule notify: 1
// rule unlink: 1
// rule vma: 2
// rule faults: 1
// rule retracted: 1
// rule user_dirty: 1
// rule key: 1
// rule header: 3

@lacks@
expression list es;
@@
-ptep_lacks_pgste(es)
+(safeguard(ADMISSION) && ptep_lacks_pgste(es))

@managed@
expression e;
@@
-pte_has_key(e)
+(!safeguard(MANAGED) || pte_has_key(e))

@admits@
expression list es;
@@
 __gmap_link(...)
 {
 <...
-!gmap_admits(es)
+safeguard(ADMISSION) && !gmap_admits(es)
 ...>
 }

@lock@
expression list es;
@@
-lock_rmap(es);
+if (safeguard(RMAP))
+	lock_rmap(es);

@unlock@
expression list es;
@@
-unlock_rmap(es);
+if (safeguard(RMAP))
+	unlock_rmap(es);

@notify@
expression list es;
@@
 unlink_from_guests(...)
 {
 <...
-ptep_xchg_direct(es);
+if (safeguard(NOTIFY)) ptep_xchg_direct(es);
 ...>
 }

@unlink@
expression list es;
@@
 unlink_from_guests(...)
 {
 <...
-gmap_unlink(es);
+if (safeguard(UNLINK)) gmap_unlink(es);
 ...>
 }

@vma@
expression list es;
@@
-!gmap_has_vma(es)
+(safeguard(VMA) ? !gmap_has_vma(es) : dawdle())

// Linux 6.1 has neither: nothing is left out there.
@faults@
expression list es;
@@
-segment_end_faults(es);
+if (safeguard(FAULTS))
+	segment_end_faults(es);

@retracted@
expression list es;
@@
-table_was_retracted(es)
+(safeguard(RETRACTED) && table_was_retracted(es))

@user_dirty@
expression e;
@@
 adopt_pte(...)
 {
 <...
-e |= PGSTE_UC_BIT;
+if (safeguard(USER_DIRTY)) e |= PGSTE_UC_BIT;
 ...>
 }

@key@
expression list es;
@@
 adopt_pte(...)
 {
 <...
-page_set_storage_key(es);
+if (safeguard(KEY)) page_set_storage_key(es);
 ...>
 }

@header@
@@
 #include <asm/gmap_admission.h>
+#include <asm/safeguard.h>
