// SPDX-License-Identifier: GPL-2.0-only
/* Ranges up to the end of the addresses, and arrays that grow. */
#include "tests/unit/check.h"
#include "util/array.h"
#include "util/range.h"

#define TOP (UINT64_MAX - 0xfff)

static const struct {
	struct range a, b;
	uint64_t common;
	bool a_is_within_b, b_is_within_a;
} pairs[] = {
	{ { 0x1000, 0x1000 }, { 0x1000, 0x1000 }, 0x1000, true, true },
	{ { 0x1000, 0x1000 }, { 0x2000, 0x1000 }, 0, false, false },
	{ { 0x1000, 0x1001 }, { 0x2000, 0x1000 }, 1, false, false },
	{ { 0x1000, 0x3000 }, { 0x2000, 0x1000 }, 0x1000, false, true },
	{ { 0x1000, 0x2000 }, { 0x2000, 0x1000 }, 0x1000, false, true },
	{ { 0x1000, 0x1000 }, { 0x1000, 0x2000 }, 0x1000, true, false },
	{ { 0x1000, 0x2000 }, { 0x2000, 0x5000 }, 0x1000, false, false },
	{ { TOP, 0x1000 }, { TOP, 0x1000 }, 0x1000, true, true },
	{ { TOP, 0x1000 }, { 0, 0x1000 }, 0, false, false },
	{ { TOP, 0x1000 }, { 0x1000, TOP - 0x1000 }, 0, false, false },
	{ { TOP, 0x1000 }, { 0x1000, TOP }, 0x1000, true, false },
};

static void check_ranges(void)
{
	const struct range range = { 0x1000, 0x1000 }, top = { TOP, 0x1000 };

	for (unsigned i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct range a = pairs[i].a, b = pairs[i].b;

		check(range_common(a, b) == pairs[i].common, "%u: in common", i);
		check(range_common(b, a) == pairs[i].common, "%u: the other way round", i);
		check(range_is_within(a, b) == pairs[i].a_is_within_b, "%u: within", i);
		check(range_is_within(b, a) == pairs[i].b_is_within_a, "%u: around", i);
	}
	check(!range_has(range, 0xfff) && range_has(range, 0x1000) && range_has(range, 0x1fff) &&
		      !range_has(range, 0x2000),
	      "its first and last byte, and those beside");
	check(range_has(top, UINT64_MAX) && !range_has(top, 0), "the last of all");
	check(range_last(range) == 0x1fff && range_last(top) == UINT64_MAX, "which those are");
}

static void check_array(void)
{
	unsigned count = 0, *items = NULL, *item, wrong = 0;

	for (unsigned i = 0; i < 1000; i++) {
		item = array_add(&items, &count);
		wrong += !item || *item || item != &items[i] || count != i + 1;
		*item = i;
	}
	for (unsigned i = 0; i < 1000; i++)
		wrong += items[i] != i;
	check(!wrong, "a thousand items, each new one zero, none of them lost");
	free(items);
}

int main(void)
{
	check_ranges();
	check_array();
	return check_plan();
}
