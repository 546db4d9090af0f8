// SPDX-License-Identifier: GPL-2.0-only
/* Looking up in what is sorted. */
#include "util/search.h"
#include "tests/unit/check.h"

static bool comes_before(const void *item, const void *sought)
{
	return *(const int *)item < *(const int *)sought;
}

static const int numbers[] = { 1, 3, 3, 3, 8, 9, 20 };

static const struct {
	unsigned count;
	int sought;
	unsigned first;
} cases[] = {
	{ 0, 5, 0 }, { 1, 0, 0 },  { 1, 1, 0 },	 { 1, 2, 1 },  { 2, 2, 1 },  { 2, 9, 2 },
	{ 7, 0, 0 }, { 7, 1, 0 },  { 7, 2, 1 },	 { 7, 3, 1 },  { 7, 4, 4 },  { 7, 8, 4 },
	{ 7, 9, 5 }, { 7, 10, 6 }, { 7, 20, 6 }, { 7, 21, 7 }, { 6, 20, 6 },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check(search_first(numbers, cases[i].count, sizeof(*numbers), &cases[i].sought,
				   comes_before) == cases[i].first,
		      "%d among %u", cases[i].sought, cases[i].count);
	return check_plan();
}
