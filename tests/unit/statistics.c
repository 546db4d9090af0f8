// SPDX-License-Identifier: GPL-2.0-only
/* Percentiles, means and histograms, of few samples above all. */
#include <stdbool.h>
#include <string.h>

#include "tests/unit/check.h"
#include "util/statistics.h"

#define MOST 1000

/* 1, 2, ... count, times the unit. */
static const uint64_t *ladder(unsigned count, uint64_t unit)
{
	static uint64_t samples[MOST];

	for (unsigned i = 0; i < count; i++)
		samples[i] = (i + 1) * unit;
	return samples;
}

static void check_percentiles(void)
{
	static const struct {
		unsigned count, percent;
		uint64_t expected;
	} cases[] = {
		{ 1, 50, 1 },	  { 1, 99, 1 },	    { 2, 50, 1 },      { 2, 99, 2 },
		{ 3, 50, 2 },	  { 4, 50, 2 },	    { 5, 50, 3 },      { 5, 99, 5 },
		{ 99, 99, 99 },	  { 100, 50, 50 },  { 100, 99, 99 },   { 101, 99, 100 },
		{ 199, 99, 198 }, { 200, 99, 198 }, { 1000, 99, 990 }, { 10, 0, 1 },
		{ 10, 100, 10 },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check(statistics_percentile(ladder(cases[i].count, 1), cases[i].count,
					    cases[i].percent) == cases[i].expected,
		      "of 1 to %u the percentile %u is %llu", cases[i].count, cases[i].percent,
		      (unsigned long long)cases[i].expected);
}

static void check_summary(void)
{
	const struct statistics few = statistics_of((const uint64_t[]){ 2, 3, 1000 }, 3);
	const struct statistics huge =
		statistics_of((const uint64_t[]){ UINT64_MAX - 2, UINT64_MAX }, 2);

	check(few.least == 2 && few.p50 == 3 && few.p99 == 1000 && few.most == 1000,
	      "what is far off counts like all others");
	check(few.mean == 335, "the mean of three");
	check(huge.mean == UINT64_MAX - 1 || huge.mean == UINT64_MAX - 2,
	      "the mean of what has no sum in 64 bits");
}

static void check_sorting(void)
{
	uint64_t samples[] = { 7, UINT64_MAX, 0, 7, 1ull << 40 };

	statistics_sort(samples, 5);
	check(!memcmp(samples, (const uint64_t[]){ 0, 7, 7, 1ull << 40, UINT64_MAX },
		      sizeof(samples)),
	      "samples are sorted by all of their bits");
}

static void check_bin(uint64_t sample, uint64_t from, uint64_t below)
{
	struct histogram histogram = { .sorted = &sample, .count = 1 };
	struct histogram_bin bin;

	check(histogram_next(&histogram, &bin) && bin.from == from && bin.below == below &&
		      bin.samples == 1,
	      "%llu is in the bin from %llu to below %llu", (unsigned long long)sample,
	      (unsigned long long)from, (unsigned long long)below);
	check(!histogram_next(&histogram, &bin), "%llu is in no other", (unsigned long long)sample);
}

/* Each bin begins where the one before ended, and all samples are in one. */
static void check_histogram(unsigned count, uint64_t unit)
{
	struct histogram histogram = { .sorted = ladder(count, unit), .count = count };
	struct histogram_bin bin;
	unsigned sum = 0;
	uint64_t end = 0;
	bool joined = true;

	while (histogram_next(&histogram, &bin)) {
		joined &= (!end || bin.from == end) && bin.from < bin.below;
		end = bin.below;
		sum += bin.samples;
	}
	check(joined, "the bins of %u times %llu join", count, (unsigned long long)unit);
	check(sum == count && end > count * unit, "%u times %llu: all of them are in one", count,
	      (unsigned long long)unit);
}

static void check_gap(void)
{
	struct histogram histogram = { .sorted = (const uint64_t[]){ 4, 4, 16 }, .count = 3 };
	static const unsigned expected[] = { 2, 0, 0, 0, 0, 0, 0, 0, 1 };
	struct histogram_bin bin;
	bool same = true;
	unsigned bins = 0;

	for (; histogram_next(&histogram, &bin); bins++)
		same &= bins < 9 && bin.samples == expected[bins];
	check(same && bins == 9, "bins without samples stand between those with some");
}

int main(void)
{
	check_percentiles();
	check_summary();
	check_sorting();
	check_bin(0, 0, 1);
	check_bin(7, 7, 8);
	check_bin(8, 8, 10);
	check_bin(9, 8, 10);
	check_bin(10, 10, 12);
	check_bin(15, 14, 16);
	check_bin(16, 16, 20);
	check_bin(1000, 896, 1024);
	check_bin(1024, 1024, 1280);
	check_bin(UINT64_MAX - 1, 7ull << 61, 0);
	check_histogram(1000, 1);
	check_histogram(300, 777);
	check_gap();
	return check_plan();
}
