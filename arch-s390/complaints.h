/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a healthy kernel does not say: texts in its log that fail a boot (arch-s390/boot)
 * and a test (tests/). This is the only list of them. C code defines COMPLAINT() and
 * includes it; arch-s390/boot takes what is between the quotation marks, line by line.
 */
COMPLAINT("Kernel panic")
COMPLAINT("Oops")
COMPLAINT("BUG:")
COMPLAINT("BUG at")
COMPLAINT("WARNING:")
COMPLAINT("UBSAN:")
COMPLAINT("Call Trace")
COMPLAINT("Unable to handle kernel")
COMPLAINT("Badness")
COMPLAINT("Bad page")
COMPLAINT("Bad rss")
COMPLAINT("Bad swap")
COMPLAINT("swap_info_get")
COMPLAINT("swap_dup")
COMPLAINT("non-zero pgtables_bytes")
COMPLAINT("INFO: task")
COMPLAINT("INFO: rcu")
COMPLAINT("INFO: trying to register non-static key")
COMPLAINT("circular locking")
COMPLAINT("inconsistent lock")
COMPLAINT("recursive locking")
COMPLAINT("suspicious RCU")
COMPLAINT("suspected memory leaks")
