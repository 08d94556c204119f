/* SPDX-License-Identifier: GPL-2.0 */
/*
 * On Hercules the kernel log and the user's terminal share one line console. Lines
 * of the log begin with '%' there, so that who reads the console can part them.
 * For drivers/s390/char/sclp_con.c, after sclp_rw.h.
 */
#ifndef _ASM_S390_HERCULES_SCLP_H
#define _ASM_S390_HERCULES_SCLP_H

#include <asm/hercules.h>

static inline int sclp_write_log(struct sclp_buffer *buffer,
				 const unsigned char *msg, int count)
{
	bool fresh = !buffer->messages && !buffer->current_line;

	if (on_hercules && fresh)
		sclp_write(buffer, "%", 1);
	return sclp_write(buffer, msg, count);
}

#endif
