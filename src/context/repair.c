// SPDX-License-Identifier: GPL-2.0-only
#include "context/repair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context/operation.h"
#include "context/trigger.h"
#include "kernel/iommufd.h"

void (*context_on_undo)(const char *device, const char *trigger, int error);

static int by_iova(const void *a, const void *b)
{
	const struct range *left = a, *right = b;

	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* The recorded mappings of one IOAS in the order of their IOVAs; malloc'd. */
static struct range *recorded_windows(const struct context *context, const struct object *ioas,
				      unsigned *count)
{
	unsigned most = object_count(&context->objects, OBJECT_MAPPING);
	struct range *windows = calloc(most + 1, sizeof(*windows));

	*count = 0;
	if (!windows)
		return NULL;
	for_each_object(mapping, &context->objects, OBJECT_MAPPING)
		if (!strcmp(mapping->mapping.ioas, ioas->name))
			windows[(*count)++] = mapping->mapping.iova;
	qsort(windows, *count, sizeof(*windows), by_iova);
	return windows;
}

/* Between two recorded mappings there is nothing that anybody knows of. */
static int unmap_gaps(int iommufd, uint32_t ioas, const struct range *windows, unsigned count)
{
	uint64_t start = 0;

	for (unsigned i = 0; i <= count; i++) {
		/* Past the last mapping length wraps to what is left of 2^64. */
		struct range gap = { .offset = start };
		int rc;

		gap.length = (i < count ? windows[i].offset : 0) - start;
		if (!count)
			gap.length = UINT64_MAX;
		if (i < count)
			start = windows[i].offset + windows[i].length;
		if (!gap.length)
			continue;
		rc = iommufd_unmap(iommufd, ioas, gap);
		if (rc && rc != -ENOENT)
			return rc;
	}
	return 0;
}

static bool id_is_recorded(const struct context *context, uint32_t id)
{
	for_each_object(ioas, &context->objects, OBJECT_IOAS)
		if (ioas->ioas.id == id)
			return true;
	for_each_object(device, &context->objects, OBJECT_DEVICE)
		if (device->device.id == id)
			return true;
	return false;
}

/*
 * iommufd gives out the lowest free ID (drivers/iommu/iommufd/main.c), so a stray IOAS has
 * one no larger than the number of objects: IOASes, devices with one page table each, and
 * the stray ones. What is in use, as those page tables are, cannot be destroyed.
 */
static void destroy_strays(const struct context *context, int iommufd)
{
	uint32_t last = object_count(&context->objects, OBJECT_IOAS) +
			2 * object_count(&context->objects, OBJECT_DEVICE) + 4;

	for_each_object(ioas, &context->objects, OBJECT_IOAS)
		last = ioas->ioas.id > last ? ioas->ioas.id : last;
	for (uint32_t id = 1; id <= last; id++)
		if (!id_is_recorded(context, id))
			iommufd_destroy(iommufd, id);
}

/* A mapping that cannot come back is gone, for the kernel as for the record. */
static int complete_recoveries(struct context *context)
{
	int rc = 0;

	for_each_object_once(mapping, &context->objects, OBJECT_MAPPING)
		if (!rc && mapping->mapping.recovering && !context_map_again(context, mapping))
			rc = context_update(context, mapping);
	return rc;
}

int context_undo(struct context *context)
{
	struct object *undo;

	while ((undo = object_next(&context->objects, OBJECT_UNDO, NULL))) {
		const struct trigger *trigger = trigger_find(undo->undo.trigger);
		struct pci_name name;
		int rc = trigger && trigger->restore ? pci_parse_name(undo->name, &name) : -EPROTO;

		if (!rc)
			rc = trigger->restore(context, &name);
		if (rc == -EINTR)
			return rc;
		if (context_on_undo)
			context_on_undo(undo->name, undo->undo.trigger, rc);
		rc = context_remove(context, undo);
		if (rc)
			return rc;
	}
	return complete_recoveries(context);
}

int context_repair(struct context *context)
{
	int iommufd, rc = context_undo(context);

	if (rc || !context->iommufd)
		return rc;
	iommufd = context_iommufd(context);
	if (iommufd < 0)
		return iommufd;
	for_each_object(device, &context->objects, OBJECT_DEVICE) {
		rc = context_apply_attachment(context, device);
		if (rc)
			return rc;
	}
	for_each_object(ioas, &context->objects, OBJECT_IOAS) {
		auto_free struct range *windows = NULL;
		unsigned count;

		windows = recorded_windows(context, ioas, &count);
		rc = windows ? unmap_gaps(iommufd, ioas->ioas.id, windows, count) : -ENOMEM;
		if (rc)
			return rc;
	}
	destroy_strays(context, iommufd);
	return 0;
}
