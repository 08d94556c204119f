// SPDX-License-Identifier: GPL-2.0
// Hercules looks at the first event of an SCLP request only: put no second line
// into a request there.
// file: drivers/s390/char/sclp_rw.c
// rule header: 1
// rule one_event_per_request: 1

@header@
@@
  #include "sclp_rw.h"
+ #include <asm/hercules.h>

@one_event_per_request@
identifier buffer, sccb, size;
@@
  sclp_initialize_mto(struct sclp_buffer *buffer, ...)
  {
  <...
- (MAX_SCCB_ROOM - sccb->length) < size
+ (on_hercules && buffer->messages) || MAX_SCCB_ROOM - sccb->length < size
  ...>
  }
