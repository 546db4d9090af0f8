// SPDX-License-Identifier: GPL-2.0-only
#include "context/rebuild.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dmabuf.h"

/* A mapping that is away while its dma-buf is made anew. */
struct plan {
	char name[NAME_SIZE];
	struct object_mapping mapping;
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

/* Takes the dma-buf's mappings away; how many they were, or a negative errno. */
static int unmap_all(struct context *context, const struct object *dmabuf, struct plan *plans)
{
	struct object *mapping = object_next(&context->objects, OBJECT_MAPPING, NULL);
	int count = 0;

	while (mapping) {
		struct object *next = object_next(&context->objects, OBJECT_MAPPING, mapping);

		if (!strcmp(mapping->mapping.dmabuf, dmabuf->name)) {
			int rc;

			strcpy(plans[count].name, mapping->name);
			plans[count++].mapping = mapping->mapping;
			rc = context_unmap(context, mapping);
			if (rc)
				return rc;
		}
		mapping = next;
	}
	return count;
}

static int export_again(struct context *context, struct object *device, struct object **dmabuf)
{
	unsigned bar = (*dmabuf)->dmabuf.bar, count = (*dmabuf)->dmabuf.range_count;
	auto_free struct range *ranges = malloc(count * sizeof(*ranges));
	char name[NAME_SIZE];
	int rc;

	if (!ranges)
		return -ENOMEM;
	memcpy(ranges, (*dmabuf)->dmabuf.ranges, count * sizeof(*ranges));
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
	const struct import_request request = {
		.source = { plan->mapping.offset, plan->mapping.addresses.length },
		.prot = plan->mapping.prot,
		.fixed = true,
		.address = plan->mapping.addresses.offset,
	};
	struct object *mapping;

	return context_import(context, plan->mapping.importer, plan->mapping.target, &request,
			      dmabuf, plan->name, &mapping);
}

static int rebuild_dmabuf(struct context *context, struct object *device, struct object *dmabuf)
{
	auto_free struct plan *plans =
		calloc(object_count(&context->objects, OBJECT_MAPPING) + 1, sizeof(*plans));
	int count = plans ? unmap_all(context, dmabuf, plans) : -ENOMEM;
	int rc = count < 0 ? count : export_again(context, device, &dmabuf);

	for (int i = 0; !rc && i < count; i++)
		rc = import_again(context, &plans[i], dmabuf);
	return rc;
}

/* The device's first dma-buf that died with it. */
static struct object *next_dead(const struct context *context, const struct object *device)
{
	for_each_object(dmabuf, &context->objects, OBJECT_DMABUF)
		if (!strcmp(dmabuf->dmabuf.device.bdf, device->name) &&
		    object_device_closed(&context->objects, dmabuf))
			return dmabuf;
	return NULL;
}

int context_rebuild(struct context *context, const struct pci_name *name, const char *ioas)
{
	struct object *device, *dmabuf;
	int rc = open_again(context, name, ioas, &device);

	while (!rc && (dmabuf = next_dead(context, device)))
		rc = rebuild_dmabuf(context, device, dmabuf);
	return rc;
}
