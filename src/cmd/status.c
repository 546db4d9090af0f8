// SPDX-License-Identifier: GPL-2.0-only
/* status: shows the objects of a context and their states. */
#include <string.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/rows.h"
#include "context/recorder.h"
#include "ui/dot.h"

struct status_options {
	bool dot;
};

static void fill_devices(struct call *call)
{
	json_object *rows = json_put_array(call->result, "devices");

	for_each_object(device, &call->context->objects, OBJECT_DEVICE)
		fill_object(add_object(rows), device);
}

static void fill_ioases(struct call *call)
{
	json_object *rows = json_put_array(call->result, "ioases");

	for_each_object(ioas, &call->context->objects, OBJECT_IOAS) {
		json_object *row = add_object(rows), *devices;

		fill_object(row, ioas);
		devices = json_put_array(row, "devices");
		for_each_object(device, &call->context->objects, OBJECT_DEVICE)
			if (!strcmp(device->ioas, ioas->name))
				add_text(devices, device->name);
	}
}

static const char *colour_of(const char *state)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {
		{ "live", "palegreen" },     { "usable", "palegreen" }, { "idle", "lightgray" },
		{ "revoked", "lightcoral" }, { "stale", "gold" },
	};

	for (size_t i = 0; i < sizeof(colours) / sizeof(*colours); i++)
		if (!strcmp(colours[i].state, state))
			return colours[i].colour;
	return "white";
}

static void draw_stated(json_object *row, const char *shape, const char *attributes)
{
	dot_node(text_of(row, "name"), shape, colour_of(text_of(row, "state")),
		 text_of(row, "name"), attributes, text_of(row, "state"), NULL);
}

/* From the exporter by its dma-buf and the mapping to the IOAS, and to it from the importers. */
static void draw(const struct call *call)
{
	json_object *result = call->result;
	dot_begin("context");
	for_each_row(device, json_object_object_get(result, "devices"))
	{
		dot_node(text_of(device, "name"), "box", "lightblue", text_of(device, "name"),
			 NULL);
		if (*text_of(device, "ioas"))
			dot_edge(text_of(device, "name"), text_of(device, "ioas"), "solid",
				 "attached");
	}
	for_each_row(dmabuf, json_object_object_get(result, "dmabufs"))
	{
		const char *bar = text_of(dmabuf, "bar");
		char attributes[64];

		snprintf(attributes, sizeof(attributes), "%s%s%s%s bytes", *bar ? "BAR " : "", bar,
			 *bar ? ", " : "", text_of(dmabuf, "size"));
		draw_stated(dmabuf, "box", attributes);
		if (*text_of(dmabuf, "device"))
			dot_edge(text_of(dmabuf, "device"), text_of(dmabuf, "name"), "solid",
				 "exports");
	}
	for_each_row(ioas, json_object_object_get(result, "ioases"))
		dot_node(text_of(ioas, "name"), "ellipse", "white", text_of(ioas, "name"), NULL);
	for_each_row(mapping, json_object_object_get(result, "mappings"))
	{
		draw_stated(mapping, "box", text_of(mapping, "iova"));
		dot_edge(text_of(mapping, "ioas"), text_of(mapping, "name"), "solid", NULL);
		dot_edge(text_of(mapping, "name"), text_of(mapping, "dmabuf"), "solid", NULL);
	}
	dot_end();
}

static enum status run(struct call *call)
{
	const struct status_options *options = call->options;
	json_object *rows;
	struct snapshot snapshot;

	snapshot_begin(&snapshot, call->context);
	json_put_text(call->result, "context", context_label(call));
	json_put_text(call->result, "trace_instance", context_trace(call->context));
	fill_devices(call);
	rows = json_put_array(call->result, "dmabufs");
	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF)
		fill_dmabuf(add_object(rows), dmabuf, &snapshot);
	fill_ioases(call);
	rows = json_put_array(call->result, "mappings");
	for_each_object(mapping, &call->context->objects, OBJECT_MAPPING)
		fill_mapping(add_object(rows), mapping, &snapshot);
	snapshot_end(&snapshot);
	if (options->dot)
		call->draw = draw;
	return STATUS_OK;
}

static const struct option_entry options[] = {
	OPT_FORM(struct status_options, dot, "dot", "a picture, for Graphviz"),
	{ 0 },
};

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
	{ .key = "devices",
	  .title = "Devices",
	  .empty = "no open devices",
	  .columns = device_columns },
	{ .key = "dmabufs", .title = "Dma-bufs", .columns = dmabuf_columns },
	{ .key = "ioases", .title = "I/O address spaces", .columns = ioas_columns },
	{ .key = "mappings", .title = "Mappings", .columns = mapping_columns },
	{ 0 },
};

const struct command cmd_status = {
	.name = "status",
	.arguments = "",
	.summary = "show the context: devices, dma-bufs, IOASes, mappings, states, evidence",
	.description = "A mapping is live, idle (no device attached), revoked (the exporter is),\n"
		       "stale (the exporter came back, the mapping did not) or unknown. -v adds\n"
		       "which evidence was missing, or disagrees.",
	.options = options,
	.options_size = sizeof(struct status_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
