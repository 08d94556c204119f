// SPDX-License-Identifier: GPL-2.0
/*
 * pgmix_without=NAME: run without a safeguard. See <asm/safeguard.h>.
 */

#define pr_fmt(fmt) "pgmix: " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <asm/safeguard.h>

static const char *const names[] = {
	"admission", "rmap", "notify", "unlink", "vma", "faults", "retracted", "user-dirty",
	"key", "managed",
};

unsigned long safeguards_off;

static int __init pgmix_without(char *name)
{
	int i = match_string(names, ARRAY_SIZE(names), name ?: "");

	if (i < 0) {
		pr_err("pgmix_without=%s: no such safeguard\n", name);
		return 0;
	}
	safeguards_off = BIT(i);
	pr_notice("running without the safeguard %s\n", name);
	return 0;
}
early_param("pgmix_without", pgmix_without);
