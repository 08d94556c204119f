/* SPDX-License-Identifier: GPL-2.0 */
/* What report.c needs of Linux 6.12 and what other versions have in another form. */

/* The end of a table of sysctls, whose size is known. */
#define CTL_TABLE_END
