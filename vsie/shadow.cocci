// SPDX-License-Identifier: GPL-2.0
// What a shadow table refers to is checked where the reference is made, and
// shadow address spaces are counted.
// file: arch/s390/mm/gmap.c
// file: arch/s390/kvm/vsie.c
// rule check: 1
// rule built: 1
// rule reused: 2
// rule removed: 1
// rule kept: 1
// rule header: 2

@check@
identifier sptep, tptep;
expression mm, saddr, pte;
@@
 gmap_shadow_page(...)
 {
 <...
+vsie_check_tables(sptep, tptep);
 rc = ptep_shadow_pte(mm, saddr, sptep, tptep, pte);
 ...>
 }

@built@
identifier new, parent;
@@
 gmap_shadow(...)
 {
 <...
 new->parent = gmap_get(parent);
+vsie_count(VSIE_SHADOW_BUILT);
 ...>
 }

@reused@
identifier sg;
@@
 gmap_shadow(...)
 {
 <...
-if (sg)
-	return sg;
+if (sg) {
+	vsie_count(VSIE_SHADOW_REUSED);
+	return sg;
+}
 ...>
 }

@kept@
@@
 acquire_gmap_shadow(...)
 {
 <...
 if (vsie_page->gmap && gmap_shadow_valid(...)) {
 ...
+vsie_count(VSIE_SHADOW_REUSED);
 return 0;
 }
 ...>
 }

@removed@
identifier gmap;
@@
 gmap_free(...)
 {
 <...
 gmap_put(gmap->parent);
+vsie_count(VSIE_SHADOW_REMOVED);
 ...>
 }

@header@
@@
 #include <asm/gmap.h>
+#include <asm/vsie_shadow.h>
