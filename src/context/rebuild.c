// SPDX-License-Identifier: GPL-2.0-only
#include "context/rebuild.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dmabuf.h"
#include "util/scope.h"
#include "util/search.h"

/* A mapping that is away while its dma-buf is made anew. */
struct plan {
	struct object *object; /* until then */
	unsigned order;	       /* among all mappings */
	struct object mapping; /* as it was */
};

/* Those of the device's dma-bufs that died with it, dma-buf by dma-buf. */
struct plans {
	struct plan *items; /* malloc'd */
	unsigned count;
};

static int open_again(struct context *context, const struct pci_name *name, const char *ioas,
		      struct object **device)
{
	const struct object *target = object_find(&context->objects, OBJECT_IOAS, ioas);
	struct pci_device pci;
	int rc = pci_get(name, &pci);

	if (!rc)
		rc = context_open_device(context, &pci, device);
	return rc || !target ? rc : context_attach(context, *device, target);
}

/* Whether the dma-buf died with the device. */
static bool is_dead(const struct context *context, const struct object *device,
		    const struct object *dmabuf)
{
	return object_is_export_of(dmabuf, device->name) &&
	       object_device_closed(&context->objects, dmabuf);
}

static int by_dmabuf(const void *a, const void *b)
{
	const struct plan *left = a, *right = b;
	int order = strcmp(left->mapping.dmabuf, right->mapping.dmabuf);

	return order ? order : left->order < right->order ? -1 : left->order > right->order;
}

static bool is_before_dmabuf(const void *plan, const void *name)
{
	return strcmp(((const struct plan *)plan)->mapping.dmabuf, name) < 0;
}

static int make_plans(const struct context *context, const struct object *device,
		      struct plans *plans)
{
	const struct object_list *objects = &context->objects;

	plans->items = calloc(object_count(objects, OBJECT_MAPPING) + 1, sizeof(*plans->items));
	if (!plans->items)
		return -ENOMEM;
	for_each_object(mapping, objects, OBJECT_MAPPING) {
		struct plan *plan = &plans->items[plans->count];

		if (!is_dead(context, device, object_find(objects, OBJECT_DMABUF, mapping->dmabuf)))
			continue;
		plan->object = mapping;
		plan->order = plans->count++;
		plan->mapping = *mapping;
	}
	qsort(plans->items, plans->count, sizeof(*plans->items), by_dmabuf);
	return 0;
}

/* The plans of one dma-buf. */
static struct plans plans_of(const struct plans *plans, const char *dmabuf)
{
	unsigned first = search_first(plans->items, plans->count, sizeof(*plans->items), dmabuf,
				      is_before_dmabuf);
	unsigned end = first;

	while (end < plans->count && !strcmp(plans->items[end].mapping.dmabuf, dmabuf))
		end++;
	return (struct plans){ plans->items + first, end - first };
}

static int unmap_all(struct context *context, const struct plans *plans)
{
	auto_free struct object **mappings = calloc(plans->count + 1, sizeof(*mappings));

	if (!mappings)
		return -ENOMEM;
	for (unsigned i = 0; i < plans->count; i++)
		mappings[i] = plans->items[i].object;
	return context_unmap_all(context, mappings, plans->count);
}

static int export_again(struct context *context, struct object *device, struct object **dmabuf)
{
	unsigned bar = (*dmabuf)->bar, count = (*dmabuf)->range_count;
	auto_free struct range *ranges = malloc(count * sizeof(*ranges));
	char name[NAME_SIZE];
	int rc;

	if (!ranges)
		return -ENOMEM;
	memcpy(ranges, (*dmabuf)->ranges, count * sizeof(*ranges));
	strcpy(name, (*dmabuf)->name);
	rc = context_remove(context, *dmabuf);
	if (!rc)
		rc = context_export(context, device, bar, ranges, count, name, dmabuf);
	if (!rc) /* a convenience for other tools; the dma-buf stands without it */
		dmabuf_set_name((*dmabuf)->fd, name);
	return rc;
}

static int import_again(struct context *context, const struct plan *plan, struct object *dmabuf)
{
	const struct import_request request = context_request_of(&plan->mapping);
	struct object *mapping;

	return context_import(context, plan->mapping.importer, plan->mapping.target, &request,
			      dmabuf, plan->mapping.name, &mapping);
}

static int rebuild_dmabuf(struct context *context, struct object *device, struct object *dmabuf,
			  struct plans plans)
{
	int rc = unmap_all(context, &plans);

	if (!rc)
		rc = export_again(context, device, &dmabuf);
	for (unsigned i = 0; !rc && i < plans.count; i++)
		rc = import_again(context, &plans.items[i], dmabuf);
	return rc;
}

int context_rebuild(struct context *context, const struct pci_name *name, const char *ioas)
{
	struct plans plans = { 0 };
	struct object *device;
	int rc = open_again(context, name, ioas, &device);

	if (!rc)
		rc = make_plans(context, device, &plans);
	for_each_object_once(dmabuf, &context->objects, OBJECT_DMABUF) {
		if (rc || !is_dead(context, device, dmabuf))
			continue;
		rc = rebuild_dmabuf(context, device, dmabuf, plans_of(&plans, dmabuf->name));
	}
	free(plans.items);
	return rc;
}
