// SPDX-License-Identifier: GPL-2.0
// Kernel log and terminal share one console on Hercules: mark the lines of the log
// (see asm/hercules-sclp.h).
// file: drivers/s390/char/sclp_con.c
// rule header: 1
// rule mark_log: 1

@header@
@@
  #include "sclp_rw.h"
+ #include <asm/hercules-sclp.h>

@mark_log@
@@
  sclp_console_write(...)
  {
  <...
- sclp_write
+ sclp_write_log
  (...)
  ...>
  }
