// SPDX-License-Identifier: GPL-2.0-only
#include "context/placement.h"

#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/search.h"

static bool is_below(const void *item, const void *sought)
{
	return ((const struct placement *)item)->iova.offset < *(const uint64_t *)sought;
}

/* The first that begins at the address or behind it. */
static unsigned first_from(const struct placements *placements, uint64_t address)
{
	return search_first(placements->items, placements->count, sizeof(*placements->items),
			    &address, is_below);
}

static bool is_same(const struct bar_place *a, const struct bar_place *b)
{
	return !strcmp(a->device.bdf, b->device.bdf) && a->bar == b->bar && a->offset == b->offset;
}

void placements_add(struct placements *placements, struct range iova, const struct bar_place *place)
{
	struct placement *item = array_insert(&placements->items, &placements->count,
					      first_from(placements, iova.offset));

	if (item)
		*item = (struct placement){ iova, *place };
}

bool placements_find(const struct placements *placements, struct range iova,
		     struct bar_place *place)
{
	const unsigned at = first_from(placements, iova.offset);
	const struct placement *first = placements->items + at;

	for (unsigned i = at;
	     i < placements->count && placements->items[i].iova.offset == iova.offset; i++)
		if (!is_same(&placements->items[i].place, &first->place))
			return false;
	if (at == placements->count || first->iova.offset != iova.offset)
		return false;
	*place = first->place;
	return true;
}

/* Of those that begin at one IOVA one goes. */
void placements_remove(struct placements *placements, struct range iova)
{
	const unsigned from = first_from(placements, iova.offset);
	struct placement *items = placements->items;
	unsigned kept = from, i;

	for (i = from; i < placements->count && range_has(iova, items[i].iova.offset); i++)
		if (i > from && items[i].iova.offset == items[i - 1].iova.offset)
			items[kept++] = items[i];
	if (i == from)
		return;
	memmove(items + kept, items + i, (placements->count - i) * sizeof(*items));
	placements->count -= i - kept;
}

void placements_free(struct placements *placements)
{
	free(placements->items);
	*placements = (struct placements){ 0 };
}
