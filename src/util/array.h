/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays that grow by one item at a time. */
#ifndef DMABUFCTL_UTIL_ARRAY_H
#define DMABUFCTL_UTIL_ARRAY_H

#include <stdlib.h>
#include <string.h>

/* array: where the pointer to the items is. */
static inline void *array_add_item(void *array, unsigned *count, size_t size)
{
	void *items;

	memcpy(&items, array, sizeof(items));
	/* Doubled whenever the count reaches a power of two. */
	if (!(*count & (*count - 1))) {
		void *bigger = realloc(items, (*count ? 2 * *count : 1) * size);

		if (!bigger)
			return NULL;
		items = bigger;
		memcpy(array, &items, sizeof(items));
	}
	return memset((char *)items + (*count)++ * size, 0, size);
}

/*
 * A new item, all zero, at the end of a malloc'd array that has grown by this alone: NULL and 0
 * are an empty one. items and count are their addresses. NULL when out of memory.
 */
#define array_add(items, count) array_add_item((items), (count), sizeof(**(items)))

static inline void *array_insert_item(void *array, unsigned *count, unsigned at, size_t size)
{
	char *items, *item;

	if (!array_add_item(array, count, size))
		return NULL;
	memcpy(&items, array, sizeof(items));
	item = items + at * size;
	memmove(item + size, item, (*count - 1 - at) * size);
	return memset(item, 0, size);
}

/* The same in the place of the item of that index; that and all behind it move on by one. */
#define array_insert(items, count, at) array_insert_item((items), (count), (at), sizeof(**(items)))

#endif
