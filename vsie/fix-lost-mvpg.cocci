// SPDX-License-Identifier: GPL-2.0
// subject: KVM: s390: vsie: do not lose an MVPG that fails for want of memory
//
// Bug in stock Linux: MVPG of a nested guest that fails for want of memory ends KVM_RUN
// with the nested guest's PSW behind it, and is lost. (-EFAULT becomes an addressing
// exception of the nested guest, -EAGAIN has stepped back.)
// file: arch/s390/kvm/vsie.c
// rule retry: 2

@retry@
identifier rc;
@@
 do_vsie_run(...)
 {
 <...
 rc = vsie_handle_mvpg(vcpu, vsie_page);
+if (rc < 0 && rc != -EFAULT && rc != -EAGAIN)
+	retry_vsie_icpt(vsie_page);
 ...>
 }
