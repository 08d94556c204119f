/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work-arounds for the Hercules emulator. All are off unless the kernel command
 * line says `hercules` and the machine has no ESOP; then on_hercules is set before
 * the consoles start.
 */
#ifndef _ASM_S390_HERCULES_H
#define _ASM_S390_HERCULES_H

#include <linux/types.h>

extern bool on_hercules;

#endif
