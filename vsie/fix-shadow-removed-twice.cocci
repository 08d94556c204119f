// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: vsie: take a shadow off its list once
//
// Bug in stock Linux: a new shadow is on the list before its top table is protected. If a
// page of that table changes while another one is faulted in, the notifier takes the
// shadow off the list; if the other one then cannot be had, the error path does so again.
// file: arch/s390/mm/gmap.c
// rule once: 1

@once@
identifier new;
@@
 gmap_shadow(...)
 {
 <...
-list_del(&new->list);
+if (!new->removed)
+	list_del(&new->list);
 gmap_free(new);
 ...>
 }
