// SPDX-License-Identifier: GPL-2.0-only
#include "context/exported.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/inventory/inventory.h"
#include "util/array.h"
#include "util/search.h"

static bool is_below(const void *item, const void *sought)
{
	return ((const struct exported_dmabuf *)item)->inode < *(const uint64_t *)sought;
}

static unsigned first_from(const struct exported *exported, uint64_t inode)
{
	return search_first(exported->items, exported->count, sizeof(*exported->items), &inode,
			    is_below);
}

/* NULL when it is not known. */
static struct exported_dmabuf *find(const struct exported *exported, uint64_t inode)
{
	const unsigned at = first_from(exported, inode);

	return at < exported->count && exported->items[at].inode == inode ? exported->items + at :
									    NULL;
}

void exported_add(struct exported *exported, uint64_t inode, const struct bar_place *place)
{
	struct exported_dmabuf *item = find(exported, inode);

	if (!item)
		item = array_insert(&exported->items, &exported->count,
				    first_from(exported, inode));
	if (item)
		*item = (struct exported_dmabuf){ inode, *place };
}

bool exported_find(const struct exported *exported, uint64_t inode, struct bar_place *place)
{
	const struct exported_dmabuf *item = find(exported, inode);

	if (item)
		*place = item->place;
	return item;
}

void exported_remove(struct exported *exported, uint64_t inode)
{
	struct exported_dmabuf *item = find(exported, inode);

	if (!item)
		return;
	exported->count--;
	memmove(item, item + 1, (exported->items + exported->count - item) * sizeof(*item));
}

void exported_free(struct exported *exported)
{
	free(exported->items);
	*exported = (struct exported){ 0 };
}

void exported_learn(struct exported *exported)
{
	struct inventory inventory;

	if (inventory_take(&inventory))
		return;
	for (unsigned i = 0; i < inventory.count; i++) {
		const struct inventory_export *export = inventory.items[i].export;
		struct bar_place place;

		if (!export || export->region < 0 || !export->range_count ||
		    pci_parse_name(export->device, &place.device))
			continue;
		place.bar = export->region;
		place.offset = export->ranges->offset;
		exported_add(exported, inventory.items[i].inode, &place);
	}
	inventory_free(&inventory);
}
