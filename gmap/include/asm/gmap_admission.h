/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Admission: only PGSTE tables are linked into a gmap (rule R2 of docs/pgste.md).
 * What __gmap_link(), do_exception() and the key operations of KVM call, and the
 * error they get.
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
 * returns, so that it is neither retried nor turned into a guest exception. User
 * space gets -EFAULT.
 */
#define GMAP_REFUSED	(-EPERM)
#define gmap_is_refusal(rc)	((rc) == GMAP_REFUSED)

/**
 * gmap_was_linked - can a guest have written to the page?
 * @ptep: an entry of a table with PGSTEs
 *
 * Its table was linked into a gmap. gmap_admits() says so, and a table that replaces it.
 *
 * The dirty log is read from the tables of the process, also of segments that are
 * not linked at the moment. It leaves those out that never were: what is written
 * there was written by the VMM, and without ESOP all that it reads counts as
 * written, so that a migration, which reads everything, would not come to an end.
 *
 * Context: page table lock held.
 */
static inline bool gmap_was_linked(const pte_t *ptep)
{
	return PagePgsteLinked(virt_to_page(ptep));
}

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
 * gmap_can_promote - is memory that is not admitted promoted, or is it refused?
 * @mm: the address space
 *
 * In mode all, where nothing has to be promoted, it can only be a huge page that has
 * to be split; that is always done.
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
 * gmap_ioctl_error - gmap_user_error() for an ioctl other than KVM_RUN
 * @rc: what it would return
 *
 * A signal can end a promotion. On stock Linux these ioctls never return -EINTR, so
 * VMMs do not expect it. They are restarted after the signal has been handled.
 */
static inline int gmap_ioctl_error(int rc)
{
	return rc == -EINTR ? -ERESTARTNOINTR : gmap_user_error(rc);
}

/**
 * gmap_early_key - the storage key of a page behind a 2K table
 * @mm: the address space
 *
 * It is the key that promotion will give the page, and that all memory in use gets
 * when storage keys are enabled: 0, with reference and change bit.
 */
#define gmap_early_key(mm)	(mm_uses_skeys(mm) ? _PAGE_REFERENCED | _PAGE_CHANGED : 0)

/*
 * Promote a whole memory slot, so that the guest need not stop at each of its segments.
 * If this fails (no memory, a signal) the segments are promoted when the guest gets to
 * them, so the error is ignored.
 */
#define gmap_promote_early(mm, start, len)		((void)gmap_promote(mm, start, len))

#else /* !CONFIG_PGSTE_MIXED */

#define GMAP_REFUSED					(-EFAULT)
#define gmap_admits(mm, addr, pmd)			true
#define gmap_was_linked(ptep)				true
#define gmap_bars_hugetlb(mm, addr, pmd) \
	(pmd_leaf(pmd) && !(mm)->context.allow_gmap_hpage_1m)
#define gmap_prepare_table(mm, pmdp, addr)		do { } while (0)
#define gmap_locked_pte(mm, addr, ptl)			get_locked_pte(mm, addr, ptl)
#define gmap_user_error(rc)				(rc)
#define gmap_ioctl_error(rc)				(rc)
#define gmap_early_key(mm)				0
#define gmap_link_or_promote(gmap, gaddr, vmaddr)	__gmap_link(gmap, gaddr, vmaddr)
#define gmap_is_refusal(rc)				false
#define gmap_resolve_refusal(gmap, gaddr)		(-EFAULT)
#define gmap_promote_early(mm, start, len)		do { } while (0)
#define gmap_start_mm(mm)				do { } while (0)
#define gmap_stop_mm(mm)				do { } while (0)
#define gmap_fixup_key_fault(rc, mm, gaddr, addr, unlocked) \
	fixup_user_fault(mm, addr, FAULT_FLAG_WRITE, unlocked)
#define gmap_set_usage(mm, gaddr, addr, bits, value) \
	(set_pgste_bits(mm, addr, bits, value), 0)

#endif /* CONFIG_PGSTE_MIXED */

/* How KVM_RUN is told of a refusal. */
#include <asm/gmap_linux.h>

#endif /* _ASM_S390_GMAP_ADMISSION_H */
