// SPDX-License-Identifier: GPL-2.0-only
#include "context/repair.h"

#include <errno.h>
#include <stdlib.h>

#include "context/operation.h"
#include "context/trigger.h"
#include "util/scope.h"

void (*context_on_undo)(const char *device, const char *trigger, int error);

static int by_address(const void *a, const void *b)
{
	const struct range *left = a, *right = b;

	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* The recorded mappings of one IOAS in the order of their addresses; malloc'd. */
static int list_mapped(const struct context *context, const struct object *ioas,
		       struct import_known *known)
{
	known->mapped = calloc(ioas->mapping_count + 1, sizeof(*known->mapped));
	if (!known->mapped)
		return -ENOMEM;
	for_each_object(mapping, &context->objects, OBJECT_MAPPING)
		if (object_is_in_ioas(mapping, ioas->name))
			known->mapped[known->count++] = mapping->addresses;
	qsort(known->mapped, known->count, sizeof(*known->mapped), by_address);
	return 0;
}

/* What the importers may find in the iommufd context; with room for it. */
static int list_known(const struct context *context, struct import_known *known, unsigned *count)
{
	int rc = 0;

	*count = 0;
	for_each_object(device, &context->objects, OBJECT_DEVICE)
		known[(*count)++].id = device->id;
	for_each_object(ioas, &context->objects, OBJECT_IOAS) {
		known[*count].id = ioas->id;
		known[*count].is_target = true;
		rc = rc ? rc : list_mapped(context, ioas, &known[(*count)++]);
	}
	return rc;
}

static int tidy(struct context *context)
{
	const struct object_list *objects = &context->objects;
	auto_free struct import_known *known = calloc(
		object_count(objects, OBJECT_DEVICE) + object_count(objects, OBJECT_IOAS) + 1,
		sizeof(*known));
	int iommufd = context_iommufd(context);
	unsigned count = 0;
	int rc = !known ? -ENOMEM : iommufd < 0 ? iommufd : list_known(context, known, &count);

	for (unsigned i = 0; !rc && importers[i]; i++)
		if (importers[i]->tidy)
			rc = importers[i]->tidy(iommufd, known, count);
	for (unsigned i = 0; i < count; i++)
		free(known[i].mapped);
	return rc;
}

/* A mapping that cannot come back is gone, for the kernel as for the record. */
static int complete_recoveries(struct context *context)
{
	int rc = 0;

	for_each_object_once(mapping, &context->objects, OBJECT_MAPPING)
		if (!rc && mapping->recovering && !context_map_again(context, mapping))
			rc = context_update(context, mapping);
	return rc;
}

int context_undo(struct context *context)
{
	struct object *undo;

	while ((undo = object_next(&context->objects, OBJECT_UNDO, NULL))) {
		const struct trigger *trigger = trigger_find(undo->trigger);
		struct pci_name name;
		int rc = trigger && trigger->restore ? pci_parse_name(undo->name, &name) : -EPROTO;

		if (!rc)
			rc = trigger->restore(context, &name);
		if (rc == -EINTR)
			return rc;
		if (context_on_undo)
			context_on_undo(undo->name, undo->trigger, rc);
		rc = context_remove(context, undo);
		if (rc)
			return rc;
	}
	return complete_recoveries(context);
}

int context_repair(struct context *context)
{
	int rc = context_undo(context);

	if (rc || !context->iommufd)
		return rc;
	for_each_object(device, &context->objects, OBJECT_DEVICE) {
		rc = context_apply_attachment(context, device);
		if (rc)
			return rc;
	}
	return tidy(context);
}
