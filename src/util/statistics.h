/* SPDX-License-Identifier: GPL-2.0-only */
/* What a number of measurements has to tell. None is left out, however far off it is. */
#ifndef DMABUFCTL_UTIL_STATISTICS_H
#define DMABUFCTL_UTIL_STATISTICS_H

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
	uint64_t from, below;
	unsigned samples;
};

/*
 * The bin of the sample *next, which moves on behind the last in it. The bounds are the same for
 * all histograms: each power of two is four bins wide.
 */
struct histogram_bin histogram_next(const uint64_t *sorted, unsigned count, unsigned *next);

#endif
