/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking up in what is sorted. */
#ifndef DMABUFCTL_UTIL_SEARCH_H
#define DMABUFCTL_UTIL_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The index of the first item that does not come before what is sought, count when all do. Those
 * that do come first.
 */
static inline unsigned search_first(const void *items, unsigned count, size_t size,
				    const void *sought,
				    bool (*comes_before)(const void *item, const void *sought))
{
	unsigned low = 0, high = count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (comes_before((const char *)items + middle * size, sought))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
