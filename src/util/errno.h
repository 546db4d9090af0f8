/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of errnos, read; strerrorname_np() writes them. */
#ifndef DMABUFCTL_UTIL_ERRNO_H
#define DMABUFCTL_UTIL_ERRNO_H

#include <stddef.h>

#define ERRNO_MAX 133 /* include/uapi/asm-generic/errno.h */

/* Of a name of that length, in either case; 0 when none has it. */
int errno_of(const char *name, size_t length);

#endif
