/* SPDX-License-Identifier: GPL-2.0 */
/* The ways of an operation (pgste/ptep.c) as one, for comparison. */
#undef noinline
#define noinline	__always_inline
