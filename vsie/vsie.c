// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of the shadow address spaces of nested guests, for
 * /sys/kernel/mm/pgste.
 */
#include <asm/vsie_shadow.h>

atomic_long_t vsie_events[VSIE_NR_EVENTS];
