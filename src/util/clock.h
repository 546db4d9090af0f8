/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock of all times here, the kernel's traces among them. */
#ifndef DMABUFCTL_UTIL_CLOCK_H
#define DMABUFCTL_UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in ns. */
static inline uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

#endif
