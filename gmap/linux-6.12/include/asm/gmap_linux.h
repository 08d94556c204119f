/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What KVM_RUN of Linux 6.12 makes of a refusal: refused.cocci. Each version that this code fits
 * has such a file. Included by <asm/gmap_admission.h>.
 */
#ifndef _ASM_S390_GMAP_LINUX_H
#define _ASM_S390_GMAP_LINUX_H

#ifdef CONFIG_PGSTE_MIXED

/**
 * gmap_run_error - what KVM_RUN does about a fault of the guest
 * @rc: what gmap_fault() returned
 *
 * Return: @rc; 0, to enter SIE again, after a signal has ended a promotion: KVM_RUN looks
 * for one before that.
 */
static inline int gmap_run_error(int rc)
{
	return rc == -EINTR ? 0 : rc;
}

#else

#define gmap_run_error(rc)				(rc)

#endif /* CONFIG_PGSTE_MIXED */

#endif
