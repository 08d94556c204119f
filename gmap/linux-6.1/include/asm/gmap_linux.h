/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How KVM_RUN of Linux 6.1 is told that the fault which ended SIE is refused: fault.cocci
 * and refused.cocci. Each version that this code fits has such a file. Included by
 * <asm/gmap_admission.h>.
 */
#ifndef _ASM_S390_GMAP_LINUX_H
#define _ASM_S390_GMAP_LINUX_H

#ifdef CONFIG_PGSTE_MIXED

/**
 * gmap_note_refusal - remember a refused guest fault across the exit from SIE
 * @rc: what __gmap_link() returned, as an address
 *
 * Context: do_exception(), for a fault in SIE. sie64a() then returns -EFAULT, and
 * its caller calls gmap_was_refused().
 * Return: @rc, or -EFAULT for a refusal.
 */
static inline unsigned long gmap_note_refusal(unsigned long rc)
{
	if (rc != (unsigned long)GMAP_REFUSED)
		return rc;
	current->thread.gmap_refused = 1;
	return -EFAULT;
}

/**
 * gmap_was_refused - was the fault that ended SIE a refusal?
 *
 * Context: the task that ran the vCPU, after sie64a() returned -EFAULT.
 */
static inline bool gmap_was_refused(void)
{
	bool refused = current->thread.gmap_refused;

	current->thread.gmap_refused = 0;
	return refused;
}

/**
 * gmap_retry_refusal - what KVM_RUN does about a refused fault
 * @gmap: the guest address space
 * @gaddr: the guest address
 *
 * Return: 0 to enter SIE again; also after a signal, because KVM_RUN looks for one
 * before that. GMAP_REFUSED or -ENOMEM: an error for user space.
 */
static inline int gmap_retry_refusal(struct gmap *gmap, unsigned long gaddr)
{
	int rc = gmap_resolve_refusal(gmap, gaddr);

	return rc == -EINTR ? 0 : rc;
}

#else /* !CONFIG_PGSTE_MIXED */

#define gmap_retry_refusal(gmap, gaddr)			(-EFAULT)
#define gmap_note_refusal(rc)				(rc)
#define gmap_was_refused()				false

#endif /* CONFIG_PGSTE_MIXED */

#endif
