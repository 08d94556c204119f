// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel parameter `hercules`: turns the work-arounds for that emulator on.
 * What they are is said where they are grafted, in arch-s390/quirks/.
 */
#include <linux/cache.h>
#include <linux/init.h>
#include <asm/hercules.h>

bool on_hercules __ro_after_init;

static int __init hercules_setup(char *unused)
{
	on_hercules = true;
	return 0;
}
early_param("hercules", hercules_setup);
