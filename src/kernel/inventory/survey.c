// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/survey.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/dmabuf.h"
#include "util/array.h"
#include "util/text.h"

/* What was noted of the context whose record has not come yet. */
struct adding {
	struct inventory *inventory;
	const struct survey_record *records;
	unsigned at, count;
	struct inventory_context context;
};

static const struct survey_record *next_record(struct adding *adding)
{
	return adding->at < adding->count ? &adding->records[adding->at++] : NULL;
}

static struct inventory_export *add_export(struct inventory_dmabuf *dmabuf)
{
	inventory_free_export(dmabuf);
	dmabuf->export = calloc(1, sizeof(*dmabuf->export));
	return dmabuf->export;
}

static int take_export(struct adding *adding, const struct survey_export *record)
{
	struct inventory_dmabuf *dmabuf = inventory_find(adding->inventory, record->inode);
	struct inventory_export *added = dmabuf ? add_export(dmabuf) : NULL;

	if (!added)
		return -ENOMEM;
	dmabuf->size = record->size;
	copy_text(dmabuf->exporter, sizeof(dmabuf->exporter), DMABUF_VFIO);
	copy_text(added->device, sizeof(record->device), record->device);
	added->region = record->region;
	added->revoked = record->revoked;
	added->closed = record->closed;
	added->ranges = record->ranges ? calloc(record->ranges, sizeof(*added->ranges)) : NULL;
	if (record->ranges && !added->ranges)
		return -ENOMEM;
	while (added->range_count < record->ranges) {
		const struct survey_record *range = next_record(adding);

		if (!range || range->kind != SURVEY_RANGE)
			return 0;
		added->ranges[added->range_count++] =
			(struct range){ range->range.offset, range->range.length };
	}
	return 0;
}

static int take_device(struct adding *adding, const struct survey_device *record)
{
	struct inventory_context *context = &adding->context;
	struct inventory_bound_device *added = array_add(&context->devices, &context->device_count);

	if (!added)
		return -ENOMEM;
	added->id = record->id;
	added->ioas = record->ioas;
	copy_text(added->name, sizeof(added->name), record->name);
	return 0;
}

static int take_mapping(struct inventory_context *context, const struct survey_mapping *record)
{
	struct inventory_mapping *added = array_add(&context->mappings, &context->mapping_count);

	if (!added)
		return -ENOMEM;
	*added = (struct inventory_mapping){
		.ioas = record->ioas,
		.addresses = { record->iova, record->length },
		.inode = record->inode,
		.offset = record->offset,
		.pid = record->pid,
		.domains = record->domains,
		.readable = record->readable,
		.writable = record->writable,
		.revoked = record->revoked,
	};
	return 0;
}

/* Its mappings stand before it, those of the attempt that counts from record->first on. */
static int take_ioas(struct adding *adding, const struct survey_ioas *record)
{
	struct inventory_context *context = &adding->context;
	struct inventory_ioas *added = array_add(&context->ioases, &context->ioas_count);
	int rc = added ? 0 : -ENOMEM;

	if (added)
		*added = (struct inventory_ioas){ record->id, record->torn, record->memory,
						  record->bytes };
	for (unsigned i = record->first; !rc && i < adding->at; i++)
		if (adding->records[i].kind == SURVEY_MAPPING)
			rc = take_mapping(context, &adding->records[i].mapping);
	return rc;
}

static int take_context(struct adding *adding, const struct survey_context *record)
{
	struct inventory_context *known =
		inventory_find_context(&adding->inventory->contexts, record->address);
	struct inventory_context *context = &adding->context;

	if (!known)
		return -ENOMEM;
	free(known->devices);
	free(known->ioases);
	free(known->mappings);
	context->address = record->address;
	context->users = known->users;
	context->user_count = known->user_count;
	*known = *context;
	*context = (struct inventory_context){ 0 };
	return 0;
}

static int take(struct adding *adding, const struct survey_record *record)
{
	switch (record->kind) {
	case SURVEY_EXPORT:
		return take_export(adding, &record->export);
	case SURVEY_DEVICE:
		return take_device(adding, &record->device);
	case SURVEY_IOAS:
		return take_ioas(adding, &record->ioas);
	case SURVEY_CONTEXT:
		return take_context(adding, &record->context);
	default:
		return 0;
	}
}

int inventory_add_survey(struct inventory *inventory, const struct survey_record *records,
			 unsigned count)
{
	struct adding adding = { .inventory = inventory, .records = records, .count = count };
	const struct survey_record *record;
	int rc = 0;

	while (!rc && (record = next_record(&adding)))
		rc = take(&adding, record);
	free(adding.context.devices);
	free(adding.context.ioases);
	free(adding.context.mappings);
	return rc;
}
