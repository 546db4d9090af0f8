// SPDX-License-Identifier: GPL-2.0-only
#include "util/range.h"

#include <stdio.h>

uint64_t size_in_unit(uint64_t size, char unit[2])
{
	unit[0] = unit[1] = '\0';
	for (const char *next = "KMGT"; *next && size && size % 1024 == 0; next++) {
		size /= 1024;
		*unit = *next;
	}
	return size;
}

void range_format(const struct range *range, char text[RANGE_TEXT])
{
	char unit[2];
	uint64_t count = size_in_unit(range->length, unit);

	snprintf(text, RANGE_TEXT, "0x%llx+%llu%s", (unsigned long long)range->offset,
		 (unsigned long long)count, unit);
}
