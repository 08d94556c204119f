/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private pages that were read before the VM: stock Linux puts a page of its own in place of the
 * zero page and leaves that read-only, so without ESOP they are as shared pages are.
 */
#define PRIVATE_NO_STORE	NO_STORE
