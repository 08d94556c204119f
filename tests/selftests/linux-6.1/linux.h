/* SPDX-License-Identifier: GPL-2.0 */
/* Private pages that were read before the VM: the PTE of a zero page is removed by stock Linux. */
#define PRIVATE_NO_STORE	0
