/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel says from now on: /dev/kmsg, line by line. */
#ifndef PGMIX_KMSG_H
#define PGMIX_KMSG_H

/* A file descriptor at the end of the log, or -1 with errno set. */
int kmsg_open(void);

/* The next line's text in a static buffer, or NULL if there is none yet. */
const char *kmsg_next(int fd);

/* The next line that has all three words in it; waits up to a second for it, else NULL. */
const char *kmsg_find(int fd, const char *word1, const char *word2, const char *word3);

#endif
