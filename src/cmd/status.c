// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cmd/common.h"

static void fill_devices(struct call *call)
{
	json_object *rows = put_array(call->result, "devices");

	for_each_object(device, &call->context->objects, OBJECT_DEVICE)
		fill_object(add_object(rows), device);
}

static void fill_ioases(struct call *call)
{
	json_object *rows = put_array(call->result, "ioases");

	for_each_object(ioas, &call->context->objects, OBJECT_IOAS) {
		json_object *row = add_object(rows), *devices;

		fill_object(row, ioas);
		devices = put_array(row, "devices");
		for_each_object(device, &call->context->objects, OBJECT_DEVICE)
			if (!strcmp(device->device.ioas, ioas->name))
				json_object_array_add(devices,
						      json_object_new_string(device->name));
	}
}

static enum status run(struct call *call)
{
	json_object *rows;
	struct survey survey;

	survey_begin(&survey, call->context);
	put_text(call->result, "context",
		 call->globals->context ? call->globals->context : "default");
	put_text(call->result, "trace_instance", context_trace(call->context));
	fill_devices(call);
	rows = put_array(call->result, "dmabufs");
	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF)
		fill_dmabuf(call, add_object(rows), dmabuf, &survey);
	fill_ioases(call);
	rows = put_array(call->result, "mappings");
	for_each_object(mapping, &call->context->objects, OBJECT_MAPPING)
		fill_mapping(add_object(rows), mapping, &survey);
	survey_end(&survey);
	return STATUS_OK;
}

static const struct column device_columns[] = {
	{ "DEVICE", "name", COLUMN_TEXT, "BDF of an open device" },
	{ "IOAS", "ioas", COLUMN_TEXT, "what it is attached to" },
	{ "ID", "id", COLUMN_NUMBER | COLUMN_VERBOSE, "in the iommufd context" },
	{ 0 },
};

static const struct column ioas_columns[] = {
	{ "IOAS", "name", COLUMN_TEXT, "name" },
	{ "DEVICES", "devices", COLUMN_LIST, "attached to it" },
	{ "ID", "id", COLUMN_NUMBER | COLUMN_VERBOSE, "in the iommufd context" },
	{ 0 },
};

static const struct section sections[] = {
	{ "devices", "Devices", "no open devices", device_columns },
	{ "dmabufs", "Dma-bufs", NULL, dmabuf_columns },
	{ "ioases", "I/O address spaces", NULL, ioas_columns },
	{ "mappings", "Mappings", NULL, mapping_columns },
	{ 0 },
};

const struct command cmd_status = {
	.name = "status",
	.arguments = "",
	.summary = "show the context: devices, dma-bufs, IOASes, mappings, states, evidence",
	.description = "A mapping is live, idle (no device attached), revoked (the exporter is),\n"
		       "stale (the exporter came back, the mapping did not) or unknown. -v adds\n"
		       "which evidence was missing.",
	.least = 0,
	.most = 0,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
