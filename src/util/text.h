/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DMABUFCTL_UTIL_TEXT_H
#define DMABUFCTL_UTIL_TEXT_H

#include <string.h>

/* Copies what fits, always NUL terminated; size is at least 1. */
static inline void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

#endif
