/* SPDX-License-Identifier: GPL-2.0 */
/* No zero pages in a process with a VM, on Hercules (zeropage.cocci). */
#ifndef _ASM_S390_HERCULES_ZEROPAGE_H
#define _ASM_S390_HERCULES_ZEROPAGE_H

#include <asm/hercules.h>

int hercules_unshare_zeropages(void);

#endif
