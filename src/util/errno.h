/* SPDX-License-Identifier: GPL-2.0-only */
/* Errnos, read out of text; strerrorname_np() writes their names. */
#ifndef DMABUFCTL_UTIL_ERRNO_H
#define DMABUFCTL_UTIL_ERRNO_H

#include <stddef.h>

#define ERRNO_MAX 133 /* include/uapi/asm-generic/errno.h */

/* Of a name of that length, in either case; 0 when none has it. */
int errno_of(const char *name, size_t length);

/* The errno that a message is, names, describes, or is the number of; 0: none. */
int errno_in(const char *text);

#endif
