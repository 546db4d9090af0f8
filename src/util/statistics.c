// SPDX-License-Identifier: GPL-2.0-only
#include "util/statistics.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

void statistics_sort(uint64_t *samples, unsigned count)
{
	qsort(samples, count, sizeof(*samples), compare);
}

uint64_t statistics_percentile(const uint64_t *sorted, unsigned count, unsigned percent)
{
	uint64_t rank = ((uint64_t)count * percent + 99) / 100;

	return sorted[rank ? rank - 1 : 0];
}

static uint64_t mean(const uint64_t *samples, unsigned count)
{
	uint64_t whole = 0, rest = 0;

	for (unsigned i = 0; i < count; i++) {
		whole += samples[i] / count;
		rest += samples[i] % count;
	}
	return whole + rest / count;
}

struct statistics statistics_of(const uint64_t *sorted, unsigned count)
{
	return (struct statistics){
		.least = sorted[0],
		.p50 = statistics_percentile(sorted, count, 50),
		.p99 = statistics_percentile(sorted, count, 99),
		.most = sorted[count - 1],
		.mean = mean(sorted, count),
	};
}

/* Below 8 each value is a bin: a quarter of a power of two would be less than one. */
static struct histogram_bin bin_of(uint64_t sample)
{
	unsigned shift = sample < 8 ? 0 : 63 - __builtin_clzll(sample) - 2;

	return (struct histogram_bin){
		.from = sample >> shift << shift,
		.below = ((sample >> shift) + 1) << shift,
	};
}

bool histogram_next(struct histogram *histogram, struct histogram_bin *bin)
{
	if (histogram->next == histogram->count)
		return false;
	*bin = bin_of(histogram->next ? histogram->from : *histogram->sorted);
	while (histogram->next < histogram->count &&
	       (!bin->below || histogram->sorted[histogram->next] < bin->below)) {
		bin->samples++;
		histogram->next++;
	}
	histogram->from = bin->below;
	return true;
}
