// SPDX-License-Identifier: GPL-2.0-only
/* Which place in a BAR is at a physical address, in a dma-buf, and at an IOVA while it is mapped.
 */
#include <string.h>

#include "context/exported.h"
#include "context/placement.h"
#include "kernel/bars.h"
#include "tests/unit/check.h"

static struct bar_memory memories[] = {
	{ { 0x10000000, 0x1000 }, { "0000:01:00.0" }, 0 },
	{ { 0x10001000, 0x3000 }, { "0000:02:00.0" }, 2 },
	{ { 0x20000000, 0x1000000 }, { "0000:01:00.0" }, 2 },
	{ { UINT64_MAX - 0xfff, 0x1000 }, { "0000:03:00.0" }, 4 },
};

static void test_bars(void)
{
	static const struct {
		uint64_t address;
		const char *device; /* NULL: in none */
		unsigned bar;
		uint64_t offset;
	} table[] = {
		{ 0, NULL, 0, 0 },
		{ 0xfffffff, NULL, 0, 0 },
		{ 0x10000000, "0000:01:00.0", 0, 0 },
		{ 0x10000fff, "0000:01:00.0", 0, 0xfff },
		{ 0x10001000, "0000:02:00.0", 2, 0 },
		{ 0x10003fff, "0000:02:00.0", 2, 0x2fff },
		{ 0x10004000, NULL, 0, 0 },
		{ 0x20ffffff, "0000:01:00.0", 2, 0xffffff },
		{ 0x21000000, NULL, 0, 0 },
		{ UINT64_MAX, "0000:03:00.0", 4, 0xfff },
	};
	const struct bars bars = { memories, sizeof(memories) / sizeof(*memories) }, none = { 0 };
	struct bar_place place;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		bool found = bars_find(&bars, table[i].address, &place);

		check(found == !!table[i].device &&
			      (!found ||
			       (!strcmp(place.device.bdf, table[i].device) &&
				place.bar == table[i].bar && place.offset == table[i].offset)),
		      "the BAR at 0x%llx", (unsigned long long)table[i].address);
	}
	check(!bars_find(&none, 0x1000, &place), "there are none");
}

static const struct bar_place first = { { "0000:01:00.0" }, 2, 0x1000 },
			      second = { { "0000:01:00.0" }, 2, 0x2000 },
			      other = { { "0000:02:00.0" }, 2, 0x1000 };

/* Whether that is what was found; place: NULL for nothing. */
static bool is_place(bool known, const struct bar_place *found, const struct bar_place *place)
{
	if (!known || !place)
		return !known && !place;
	return !strcmp(found->device.bdf, place->device.bdf) && found->bar == place->bar &&
	       found->offset == place->offset;
}

/* Whether that place is known there; NULL: none is. */
static bool is_at(const struct placements *placements, uint64_t iova, const struct bar_place *place)
{
	struct bar_place found;

	return is_place(placements_find(placements, (struct range){ iova, 0x1000 }, &found), &found,
			place);
}

static void add(struct placements *placements, uint64_t iova, const struct bar_place *place)
{
	placements_add(placements, (struct range){ iova, 0x1000 }, place);
}

static void take(struct placements *placements, uint64_t iova, uint64_t length)
{
	placements_remove(placements, (struct range){ iova, length });
}

static void test_one_by_one(void)
{
	struct placements placements = { 0 };

	check(is_at(&placements, 0x1000, NULL), "nothing was mapped");
	take(&placements, 0x1000, 0x1000);
	add(&placements, 0x3000, &second);
	add(&placements, 0x1000, &first);
	add(&placements, 0x2000, &other);
	check(is_at(&placements, 0x1000, &first) && is_at(&placements, 0x2000, &other) &&
		      is_at(&placements, 0x3000, &second),
	      "each where it was mapped");
	check(is_at(&placements, 0x1800, NULL) && is_at(&placements, 0, NULL) &&
		      is_at(&placements, 0x4000, NULL),
	      "nothing begins there");
	take(&placements, 0x2000, 0x1000);
	check(is_at(&placements, 0x1000, &first) && is_at(&placements, 0x2000, NULL) &&
		      is_at(&placements, 0x3000, &second),
	      "what is unmapped goes alone");
	take(&placements, 0x1000, 0x10000);
	check(!placements.count, "all of a range go");
	placements_free(&placements);
}

static void test_several_tables(void)
{
	struct placements placements = { 0 };

	add(&placements, 0x1000, &first);
	add(&placements, 0x2000, &second);
	add(&placements, 0x1000, &first);
	add(&placements, 0x2000, &second);
	take(&placements, 0x1000, 0x2000);
	check(placements.count == 2 && is_at(&placements, 0x1000, &first) &&
		      is_at(&placements, 0x2000, &second),
	      "the same in two tables: one of each goes");
	add(&placements, 0x1000, &other);
	check(is_at(&placements, 0x1000, NULL), "another device's in the other table: not known");
	take(&placements, 0x1000, 0x1000);
	add(&placements, 0x2000, &first);
	check(is_at(&placements, 0x2000, NULL), "another place of the BAR: not known");
	placements_free(&placements);
	check(!placements.count && is_at(&placements, 0x2000, NULL), "forgotten");
}

/* Whether that is known of the dma-buf; NULL: nothing is. */
static bool is_in(const struct exported *exported, uint64_t inode, const struct bar_place *place)
{
	struct bar_place found;

	return is_place(exported_find(exported, inode, &found), &found, place);
}

static void test_exported(void)
{
	struct exported exported = { 0 };

	check(is_in(&exported, 7, NULL), "nothing was exported");
	exported_remove(&exported, 7);
	exported_add(&exported, 9, &second);
	exported_add(&exported, 7, &first);
	exported_add(&exported, 8, &first);
	check(is_in(&exported, 7, &first) && is_in(&exported, 8, &first) &&
		      is_in(&exported, 9, &second),
	      "each dma-buf has its own");
	check(is_in(&exported, 6, NULL) && is_in(&exported, 10, NULL), "others have none");
	exported_add(&exported, 8, &other);
	check(exported.count == 3 && is_in(&exported, 8, &other), "what is told last counts");
	exported_remove(&exported, 8);
	exported_remove(&exported, 8);
	check(is_in(&exported, 7, &first) && is_in(&exported, 8, NULL) &&
		      is_in(&exported, 9, &second),
	      "one that is gone goes alone");
	exported_free(&exported);
	check(is_in(&exported, 7, NULL), "forgotten");
}

int main(void)
{
	test_bars();
	test_one_by_one();
	test_several_tables();
	test_exported();
	return check_plan();
}
