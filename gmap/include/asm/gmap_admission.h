/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The door between the page tables of a process and a guest mapping: only
 * tables with PGSTEs pass (rule R2). What __gmap_link(), do_exception() and
 * the key operations of KVM ask, and the error they get.
 */
#ifndef _ASM_S390_GMAP_ADMISSION_H
#define _ASM_S390_GMAP_ADMISSION_H

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <asm/pgste.h>

struct gmap;

#ifdef CONFIG_PGSTE_MIXED

/*
 * Inside the kernel a refusal is -EPERM, which nothing else on these paths
 * returns, so that it is neither retried nor made a guest exception. What
 * leaves for user space is -EFAULT.
 */
#define GMAP_REFUSED	(-EPERM)
#define gmap_is_refusal(rc)	((rc) == GMAP_REFUSED)

extern int gmap_promotes;

void gmap_start_mm(struct mm_struct *mm);
void gmap_stop_mm(struct mm_struct *mm);
int gmap_promote(struct mm_struct *mm, unsigned long start, unsigned long len);
int gmap_resolve_refusal(struct gmap *gmap, unsigned long gaddr);
int gmap_link_or_promote(struct gmap *gmap, unsigned long gaddr, unsigned long vmaddr);
int gmap_fixup_key_fault(int rc, struct mm_struct *mm, unsigned long gaddr,
			 unsigned long addr, bool *unlocked);
int gmap_set_usage(struct mm_struct *mm, unsigned long gaddr, unsigned long addr,
		   unsigned long bits, unsigned long value);

bool gmap_admits(struct mm_struct *mm, unsigned long addr, pmd_t pmd);
bool gmap_bars_hugetlb(struct mm_struct *mm, unsigned long addr, pmd_t pmd);
void gmap_prepare_table(struct mm_struct *mm, pmd_t *pmdp, unsigned long addr);
pte_t *gmap_locked_pte(struct mm_struct *mm, unsigned long addr, spinlock_t **ptl);
int gmap_refuse(unsigned long gaddr, unsigned long vmaddr);
unsigned long gmap_refusals(void);

/**
 * gmap_can_promote - is memory that is not admitted made fit for a guest?
 * @mm: the address space
 *
 * Where all tables have PGSTEs it is at most a huge page that has to be split.
 */
static inline bool gmap_can_promote(const struct mm_struct *mm)
{
	return READ_ONCE(gmap_promotes) || mm_pgste_mode(mm) == MM_PGSTE_ALL;
}

/**
 * gmap_user_error - the error of a refusal as user space sees it
 * @rc: what a function of the gmap or of KVM returned
 */
static inline int gmap_user_error(int rc)
{
	return rc == GMAP_REFUSED ? -EFAULT : rc;
}

/**
 * gmap_ioctl_error - the same for an ioctl other than KVM_RUN
 * @rc: what it would return
 *
 * A signal can end a promotion. These ioctls never ended in -EINTR and can be done
 * again from the start: let that happen once the signal has been handled.
 */
static inline int gmap_ioctl_error(int rc)
{
	return rc == -EINTR ? -ERESTARTNOINTR : gmap_user_error(rc);
}

/**
 * gmap_early_key - the storage key of a page behind a 2K table
 * @mm: the address space
 *
 * What promotion gives it: the key that all memory in use gets when storage keys are
 * enabled, with reference and change bit.
 */
#define gmap_early_key(mm)	(mm_uses_skeys(mm) ? _PAGE_REFERENCED | _PAGE_CHANGED : 0)

/**
 * gmap_note_refusal - remember a refused guest fault across the exit from SIE
 * @rc: what __gmap_link() returned, as an address
 *
 * Context: do_exception(), for a fault in SIE. It always ends in -EFAULT from
 * sie64a(), where gmap_was_refused() takes the note away again.
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
 * @gmap: the guest mapping
 * @gaddr: the guest address
 *
 * Return: 0 to enter SIE again, also for a signal, which KVM_RUN looks for;
 * GMAP_REFUSED or -ENOMEM, for user space.
 */
static inline int gmap_retry_refusal(struct gmap *gmap, unsigned long gaddr)
{
	int rc = gmap_resolve_refusal(gmap, gaddr);

	return rc == -EINTR ? 0 : rc;
}

/*
 * Saves the guest a stop at each segment of a memory slot. If it fails, for
 * want of memory or for a signal, that is what happens, so nobody is told.
 */
#define gmap_promote_early(mm, start, len)		((void)gmap_promote(mm, start, len))

#else /* !CONFIG_PGSTE_MIXED */

#define GMAP_REFUSED					(-EFAULT)
#define gmap_admits(mm, addr, pmd)			true
#define gmap_bars_hugetlb(mm, addr, pmd) \
	(pmd_large(pmd) && !(mm)->context.allow_gmap_hpage_1m)
#define gmap_prepare_table(mm, pmdp, addr)		do { } while (0)
#define gmap_locked_pte(mm, addr, ptl)			get_locked_pte(mm, addr, ptl)
#define gmap_user_error(rc)				(rc)
#define gmap_ioctl_error(rc)				(rc)
#define gmap_early_key(mm)				0
#define gmap_link_or_promote(gmap, gaddr, vmaddr)	__gmap_link(gmap, gaddr, vmaddr)
#define gmap_is_refusal(rc)				false
#define gmap_resolve_refusal(gmap, gaddr)		(-EFAULT)
#define gmap_retry_refusal(gmap, gaddr)			(-EFAULT)
#define gmap_promote_early(mm, start, len)		do { } while (0)
#define gmap_start_mm(mm)				do { } while (0)
#define gmap_stop_mm(mm)				do { } while (0)
#define gmap_note_refusal(rc)				(rc)
#define gmap_was_refused()				false
#define gmap_fixup_key_fault(rc, mm, gaddr, addr, unlocked) \
	fixup_user_fault(mm, addr, FAULT_FLAG_WRITE, unlocked)
#define gmap_set_usage(mm, gaddr, addr, bits, value) \
	(set_pgste_bits(mm, addr, bits, value), 0)

#endif /* CONFIG_PGSTE_MIXED */

#endif /* _ASM_S390_GMAP_ADMISSION_H */
