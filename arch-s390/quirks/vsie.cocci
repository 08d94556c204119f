// SPDX-License-Identifier: GPL-2.0
// A guest hypervisor that asks for storage without limits (SM) leaves its origin
// and extent unset. Hercules, which does not know that control, goes by them.
// file: arch/s390/kvm/vsie.c
// rule header: 1
// rule origin: 1
// rule extent: 1

@header@
@@
 #include <asm/gmap.h>
+#include <asm/hercules.h>

@origin@
identifier scb_s, scb_o;
@@
 shadow_scb(...)
 {
 <...
 if (
- !(atomic_read(&scb_s->cpuflags) & CPUSTAT_SM)
+ !(atomic_read(on_hercules ? &scb_o->cpuflags : &scb_s->cpuflags) & CPUSTAT_SM)
 ) new_mso = READ_ONCE(scb_o->mso) & 0xfffffffffff00000UL;
 ...>
 }

@extent@
identifier scb_s, scb_o;
@@
 shadow_scb(...)
 {
 <...
 scb_s->msl = scb_o->msl & 0xfffffffffff00000UL;
+if (on_hercules && atomic_read(&scb_o->cpuflags) & CPUSTAT_SM)
+	scb_s->msl = 0xfffffffffff00000UL;
 ...>
 }
