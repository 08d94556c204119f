/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nested guests on Hercules. Linux offers SIE to a guest only on a machine with
 * ESOP, where a store to a host-protected page is a fault of the host. Hercules has
 * none, so what must not be written unnoticed is made inaccessible there.
 */
#ifndef _ASM_S390_HERCULES_NESTED_H
#define _ASM_S390_HERCULES_NESTED_H

#include <linux/mman.h>
#include <linux/pgtable.h>
#include <asm/hercules.h>

/* How the tables of a guest hypervisor are protected while they are shadowed. */
static inline int shadowed_prot(void)
{
	return on_hercules ? PROT_NONE : PROT_READ;
}

/**
 * must_be_present - has the page to be there before it is protected?
 * @pte: the entry that is to be protected
 * @bits: the notification bits that are to be set
 *
 * Read-only protection needs a valid PTE and gets one by -EAGAIN. No access is
 * given to an entry that is not there as well, but nobody is notified when a page
 * is put in its place later.
 */
static inline bool must_be_present(pte_t pte, unsigned long bits)
{
	return on_hercules && bits & PGSTE_VSIE_BIT && !pte_present(pte);
}

#endif
