// SPDX-License-Identifier: GPL-2.0
// do_exception() links the segment for a fault in SIE. If that is refused, KVM has to
// know it after the exit from SIE.
// file: arch/s390/mm/fault.c
// file: arch/s390/include/asm/processor.h
// rule note: 1
// rule header: 1
// rule refused: 1

@note@
expression gmap, gaddr, vmaddr;
@@
-__gmap_link(gmap, gaddr, vmaddr)
+gmap_note_refusal(__gmap_link(gmap, gaddr, vmaddr))

@header@
@@
 #include <asm/gmap.h>
+#include <asm/gmap_admission.h>

@refused@
@@
 struct thread_struct {
 ...
+#ifdef CONFIG_PGSTE_MIXED
+unsigned int gmap_refused;		/* the last gmap fault was refused */
+#endif
 unsigned int gmap_pfault;
 ...
 };
