// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel parameter `hercules`: turns the work-arounds for that emulator on.
 * What they are is said where they are grafted, in arch-s390/quirks/.
 */
#define pr_fmt(fmt) "hercules: " fmt

#include <linux/cache.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <asm/hercules.h>
#include <asm/setup.h>

bool on_hercules __ro_after_init;

/* Hercules, and a guest on it, has no ESOP: whatever does is not Hercules. */
static int __init hercules_setup(char *unused)
{
	on_hercules = !MACHINE_HAS_ESOP;
	pr_info("work-arounds %s\n", on_hercules ? "on" : "off, this machine has ESOP");
	return 0;
}
early_param("hercules", hercules_setup);
