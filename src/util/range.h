/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of bytes, in a file, a BAR or an address space of 64 bits. */
#ifndef DMABUFCTL_UTIL_RANGE_H
#define DMABUFCTL_UTIL_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* offset and length are kept together so that they cannot be swapped. */
struct range {
	uint64_t offset;
	uint64_t length;
};

/* The last byte of a range that is not empty. All 2^64 bytes have a length of 0. */
static inline uint64_t range_last(struct range range)
{
	return range.offset + range.length - 1;
}

static inline bool range_has(struct range range, uint64_t address)
{
	return address - range.offset < range.length;
}

/* All of inner is in outer; neither is empty or reaches beyond 2^64. */
static inline bool range_is_within(struct range inner, struct range outer)
{
	return inner.offset >= outer.offset && range_last(inner) <= range_last(outer);
}

/* How many bytes two ranges have in common. */
static inline uint64_t range_common(struct range a, struct range b)
{
	struct range first = a.offset <= b.offset ? a : b;
	struct range second = a.offset <= b.offset ? b : a;
	uint64_t left;

	if (!range_has(first, second.offset))
		return 0;
	left = first.length - (second.offset - first.offset);
	return left < second.length ? left : second.length;
}

/* 16 and "M" for 16M: how many of the largest unit that it is a multiple of; "" for bytes. */
uint64_t size_in_unit(uint64_t size, char unit[2]);

/* "0x1000+16M". */
#define RANGE_TEXT 48
void range_format(const struct range *range, char text[RANGE_TEXT]);

#endif
