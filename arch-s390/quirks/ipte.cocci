// SPDX-License-Identifier: GPL-2.0
// A host fault in the middle of a guest's IPTE leaves the lock bit K set on Hercules,
// and everybody waits for ever. The emulator sets and clears K under the lock that
// also makes the compare-and-swap of ipte_lock() atomic: a K that this sees there, and
// that the host has not set itself, is stale.
// file: arch/s390/kvm/gaccess.c
// file: arch/s390/kvm/priv.c
// rule take_over: 1
// rule interlock: 1
// rule header: 2

@take_over@
identifier old;
@@
 ipte_lock_simple(...)
 {
 <...
 if (
- old.k
+ old.k && !on_hercules
 ) { ... }
 ...>
 }

@interlock@
identifier vcpu;
@@
 static int handle_ipte_interlock(struct kvm_vcpu *vcpu)
 {
 <...
+if (on_hercules) {
+	ipte_lock(vcpu->kvm);
+	ipte_unlock(vcpu->kvm);
+}
 wait_event(...);
 ...>
 }

@header@
@@
 #include <asm/gmap.h>
+#include <asm/hercules.h>
