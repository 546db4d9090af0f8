/* SPDX-License-Identifier: GPL-2.0-only */
/* What a number of measurements has to tell. None is left out, however far off it is. */
#ifndef DMABUFCTL_UTIL_STATISTICS_H
#define DMABUFCTL_UTIL_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

struct statistics {
	uint64_t least, p50, p99, most, mean;
};

void statistics_sort(uint64_t *samples, unsigned count);

/* Of samples that are sorted, one or more. */
struct statistics statistics_of(const uint64_t *sorted, unsigned count);

/*
 * By nearest rank: the least sample that percent of all do not exceed. It was measured, and of
 * fewer than 100 samples the 99th is the greatest.
 */
uint64_t statistics_percentile(const uint64_t *sorted, unsigned count, unsigned percent);

/* Samples from one bound up to another, which is not among them. */
struct histogram_bin {
	uint64_t from, below; /* below 0: 2^64 */
	unsigned samples;
};

/* Bins of samples that are sorted. The rest is 0 at the beginning. */
struct histogram {
	const uint64_t *sorted;
	unsigned count;
	unsigned next;
	uint64_t from;
};

/*
 * The first bin that has samples and each behind it up to the last that has; then false. The bounds
 * are the same for all histograms: there are four bins from a power of two to the next.
 */
bool histogram_next(struct histogram *histogram, struct histogram_bin *bin);

#endif
