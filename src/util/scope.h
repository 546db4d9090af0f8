/* SPDX-License-Identifier: GPL-2.0-only */
/* What is given back at the end of its scope, so that a function may return from anywhere. */
#ifndef DMABUFCTL_UTIL_SCOPE_H
#define DMABUFCTL_UTIL_SCOPE_H

#include <stdlib.h>

static inline void scope_free(void *pointer)
{
	free(*(void **)pointer);
}

/* Of a pointer: free()s what it points to then. For fds see auto_close in kernel/sys.h. */
#define auto_free __attribute__((cleanup(scope_free)))

#endif
