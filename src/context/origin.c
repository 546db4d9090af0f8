// SPDX-License-Identifier: GPL-2.0-only
#include "context/origin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context/open.h"
#include "context/overview.h"
#include "kernel/dmabuf.h"
#include "util/array.h"
#include "util/scope.h"
#include "util/text.h"

/* -1 when no BAR, or several. */
static int bar_for(const struct pci_device *pci, uint64_t size)
{
	int exact = -1, large = -1, exacts = 0, larges = 0;

	for (int i = 0; i < PCI_BARS; i++) {
		if (pci->bars[i].type != PCI_BAR_MEMORY || pci->bars[i].bus.length < size)
			continue;
		large = i;
		larges++;
		if (pci->bars[i].bus.length == size) {
			exact = i;
			exacts++;
		}
	}
	return exacts == 1 ? exact : larges == 1 ? large : -1;
}

const struct pci_device *origin_deduce(const struct inventory_dmabuf *dmabuf,
				       const struct origin_device *devices, unsigned count,
				       int *bar)
{
	const struct pci_device *exporter = NULL;

	for (unsigned i = 0; i < count; i++) {
		const struct pci_device *pci = &devices[i].pci;
		int one = bar_for(pci, dmabuf->size);

		if (one < 0 || !inventory_is_holder(dmabuf, devices[i].pid))
			continue;
		if (exporter && strcmp(exporter->name.bdf, pci->name.bdf))
			return NULL;
		exporter = pci;
		*bar = one;
	}
	return exporter;
}

/* Gives the dma-buf of that index an origin, to be filled; NULL when out of memory. */
static struct origin *add_origin(struct origins *origins, unsigned index,
				 const struct range *ranges, unsigned range_count)
{
	struct origin *origin = calloc(1, sizeof(*origin));

	if (origin && range_count) {
		origin->ranges = calloc(range_count, sizeof(*origin->ranges));
		origin->range_count = origin->ranges ? range_count : 0;
	}
	for (unsigned i = 0; origin && i < origin->range_count; i++)
		origin->ranges[i] = ranges[i];
	origins->items[index] = origin;
	return origin;
}

static void note_dmabuf(struct origins *origins, const struct inventory *inventory,
			const char *name, const struct object *dmabuf)
{
	const struct inventory_dmabuf *item;
	struct origin *origin;

	if (dmabuf->adopted || *dmabuf->memory)
		return;
	item = inventory_get(inventory, dmabuf->inode);
	if (!item || origins->items[item - inventory->items])
		return;
	origin = add_origin(origins, item - inventory->items, dmabuf->ranges, dmabuf->range_count);
	if (!origin)
		return;
	origins->contexts = true;
	origin->bar = dmabuf->bar;
	strcpy(origin->device, dmabuf->device.bdf);
	snprintf(origin->source, sizeof(origin->source), "context %s", name);
}

static void note_contexts(struct origins *origins, const struct inventory *inventory)
{
	auto_free struct context_summary *contexts = NULL;
	unsigned count = 0;

	context_list(&contexts, &count);
	for (unsigned i = 0; i < count; i++) {
		struct context context;

		if (context_look(&context, contexts[i].name))
			continue;
		for_each_object(dmabuf, &context.objects, OBJECT_DMABUF)
			note_dmabuf(origins, inventory, contexts[i].name, dmabuf);
		context_close(&context);
	}
}

/* Who knows the device, but not the BAR, knows nothing of use: VFIO has BARs alone. */
static bool is_on_record(const struct inventory_dmabuf *dmabuf)
{
	return dmabuf->export && dmabuf->export->region >= 0;
}

static void note_export(struct origins *origins, const struct inventory_export *export,
			unsigned index)
{
	struct origin *origin = add_origin(origins, index, export->ranges, export->range_count);

	if (!origin)
		return;
	copy_text(origin->device, sizeof(origin->device), export->device);
	strcpy(origin->source, export->by_fdinfo ? "fdinfo" : "kernel");
	origin->bar = export->region;
}

struct devices {
	struct origin_device *items;
	unsigned count;
};

static void add_device(struct devices *devices, pid_t pid, const struct pci_name *name)
{
	struct pci_device pci;
	struct origin_device *added;

	if (pci_get(name, &pci))
		return;
	added = array_add(&devices->items, &devices->count);
	if (added)
		*added = (struct origin_device){ pid, pci };
}

/* A group is open for any of its devices. */
static void add_group(struct devices *devices, pid_t pid, unsigned number)
{
	auto_free struct pci_name *names = NULL;
	unsigned count;

	if (pci_list_group(number, &names, &count))
		return;
	for (unsigned i = 0; i < count; i++)
		add_device(devices, pid, &names[i]);
}

static void add_node(struct devices *devices, pid_t pid, unsigned number)
{
	auto_free char *real = NULL;
	struct pci_name name;
	char link[64];

	snprintf(link, sizeof(link), "/sys/class/vfio-dev/vfio%u/device", number);
	real = realpath(link, NULL);
	if (real && !pci_parse_name(strrchr(real, '/') + 1, &name))
		add_device(devices, pid, &name);
}

static void list_devices(struct devices *devices, const struct inventory *inventory)
{
	for (unsigned i = 0; i < inventory->device_count; i++) {
		const struct inventory_device *open = &inventory->devices[i];

		(open->group ? add_group : add_node)(devices, open->pid, open->number);
	}
}

static void deduce(struct origins *origins, const struct inventory_dmabuf *dmabuf, unsigned index,
		   const struct devices *devices)
{
	int bar = -1;
	const struct pci_device *exporter =
		origin_deduce(dmabuf, devices->items, devices->count, &bar);
	const struct range whole = { .length = dmabuf->size };
	struct origin *origin;

	if (!exporter)
		return;
	/* Of a smaller one nobody can tell where in the BAR it lies. */
	origin = add_origin(origins, index, &whole, exporter->bars[bar].bus.length == dmabuf->size);
	if (!origin)
		return;
	strcpy(origin->device, exporter->name.bdf);
	strcpy(origin->source, "deduced");
	origin->bar = bar;
}

int origins_find(struct origins *origins, const struct inventory *inventory)
{
	struct devices devices = { 0 };
	bool listed = false;

	origins->items = calloc(inventory->count + 1, sizeof(*origins->items));
	if (!origins->items)
		return -ENOMEM;
	origins->count = inventory->count;
	note_contexts(origins, inventory);
	for (unsigned i = 0; i < inventory->count; i++)
		if (!origins->items[i] && is_on_record(&inventory->items[i]))
			note_export(origins, inventory->items[i].export, i);
	for (unsigned i = 0; i < inventory->count; i++) {
		if (origins->items[i] || inventory->items[i].export ||
		    strcmp(inventory->items[i].exporter, DMABUF_VFIO))
			continue;
		if (!listed)
			list_devices(&devices, inventory);
		listed = true;
		deduce(origins, &inventory->items[i], i, &devices);
	}
	free(devices.items);
	return 0;
}

void origins_free(struct origins *origins)
{
	for (unsigned i = 0; i < origins->count; i++) {
		if (origins->items[i])
			free(origins->items[i]->ranges);
		free(origins->items[i]);
	}
	free(origins->items);
}
