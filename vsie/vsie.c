// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of the shadow address spaces of nested guests, for
 * /sys/kernel/mm/pgste.
 */
#include <linux/export.h>
#include <asm/vsie_shadow.h>

atomic_long_t vsie_events[VSIE_NR_EVENTS];
EXPORT_SYMBOL_GPL(vsie_events);
