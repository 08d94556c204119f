/* SPDX-License-Identifier: GPL-2.0 */
/* What report.c needs of Linux 6.1 and what other versions have in another form. */

/* The end of a table of sysctls. */
#define CTL_TABLE_END	{ }
