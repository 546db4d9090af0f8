// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/bars.h"

#include <stdlib.h>

#include "util/array.h"
#include "util/scope.h"
#include "util/search.h"

static void add_device(struct bars *bars, const struct pci_device *device)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct bar_memory *item;

		if (device->bars[i].type != PCI_BAR_MEMORY)
			continue;
		item = array_add(&bars->items, &bars->count);
		if (item)
			*item = (struct bar_memory){ device->bars[i].bus, device->name, i };
	}
}

static int by_address(const void *a, const void *b)
{
	const struct bar_memory *left = a, *right = b;

	return left->memory.offset < right->memory.offset ?
		       -1 :
		       left->memory.offset > right->memory.offset;
}

void bars_read(struct bars *bars)
{
	auto_free struct pci_name *names = NULL;
	unsigned count = 0;

	bars_free(bars);
	pci_list(&names, &count);
	for (unsigned i = 0; i < count; i++) {
		struct pci_device device;

		if (!pci_get(&names[i], &device))
			add_device(bars, &device);
	}
	if (bars->count)
		qsort(bars->items, bars->count, sizeof(*bars->items), by_address);
}

void bars_free(struct bars *bars)
{
	free(bars->items);
	*bars = (struct bars){ 0 };
}

static bool ends_before(const void *item, const void *sought)
{
	return range_last(((const struct bar_memory *)item)->memory) < *(const uint64_t *)sought;
}

bool bars_find(const struct bars *bars, uint64_t address, struct bar_place *place)
{
	const unsigned at =
		search_first(bars->items, bars->count, sizeof(*bars->items), &address, ends_before);
	const struct bar_memory *found = bars->items + at;

	if (at == bars->count || !range_has(found->memory, address))
		return false;
	*place = (struct bar_place){ found->device, found->bar, address - found->memory.offset };
	return true;
}
