// SPDX-License-Identifier: GPL-2.0-only
/* status: shows the objects of a context and their states. */
#include <limits.h>
#include <string.h>

#include "cmd/shared/kernel_rows.h"
#include "cmd/shared/lookup.h"
#include "cmd/shared/rows.h"
#include "context/recorder.h"
#include "ui/dot.h"

struct status_options {
	bool all;
	struct option_number pid;
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

static void draw_stated(json_object *row, const char *shape, const char *attributes)
{
	dot_node(text_of(row, "name"), shape, state_colour(text_of(row, "state")),
		 text_of(row, "name"), attributes, text_of(row, "state"), NULL);
}

/* In an IOAS, or for a device, which the context does not have open. */
static void draw_mapping(json_object *mapping)
{
	const char *ioas = text_of(mapping, "ioas"), *name = text_of(mapping, "name");
	const char *rdma = text_of(mapping, "rdma");
	const char *device = *rdma ? rdma : text_of(mapping, "device");

	draw_stated(mapping, "box", text_of(mapping, *ioas || *rdma ? "iova" : "dma"));
	if (*ioas) {
		dot_edge(ioas, name, "solid", NULL);
	} else {
		dot_node(device, "box", "lightblue", device, NULL);
		dot_edge(device, name, "solid", *rdma ? "rdma" : text_of(mapping, "promise"));
	}
	dot_edge(name, text_of(mapping, "dmabuf"), "solid", NULL);
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
		draw_mapping(mapping);
	dot_end();
}

/* Of each context what draw() shows of one's own; names are made unique by the process. */
static void draw_context(json_object *context)
{
	const char *process = text_of(context, "process");
	char ioas[96], dmabuf[48];

	for_each_row(row, json_object_object_get(context, "dmabufs"))
	{
		snprintf(dmabuf, sizeof(dmabuf), "dma-buf %s", text_of(row, "inode"));
		dot_node(dmabuf, "box", state_colour(text_of(row, "state")), dmabuf,
			 text_of(row, "name"), text_of(row, "state"), NULL);
		if (*text_of(row, "device"))
			dot_edge(text_of(row, "device"), dmabuf, "solid", "exports");
	}
	for_each_row(row, json_object_object_get(context, "ioases"))
	{
		snprintf(ioas, sizeof(ioas), "IOAS %s of %s", text_of(row, "ioas"), process);
		dot_node(ioas, "ellipse", "white", ioas, NULL);
		for_each_row(device, json_object_object_get(row, "devices"))
			dot_edge(json_object_get_string(device), ioas, "solid", "attached");
	}
	for_each_row(row, json_object_object_get(context, "devices"))
		dot_node(text_of(row, "name"), "box", "lightblue", text_of(row, "name"), NULL);
	for_each_row(row, json_object_object_get(context, "mappings"))
	{
		char edge[64];

		snprintf(ioas, sizeof(ioas), "IOAS %s of %s", text_of(row, "ioas"), process);
		snprintf(dmabuf, sizeof(dmabuf), "dma-buf %s", text_of(row, "inode"));
		snprintf(edge, sizeof(edge), "%s, %s", text_of(row, "iova"), text_of(row, "state"));
		dot_edge(ioas, dmabuf, "solid", edge);
	}
}

static void draw_all(const struct call *call)
{
	dot_begin("iommufd contexts");
	for_each_row(context, json_object_object_get(call->result, "contexts"))
		draw_context(context);
	dot_end();
}

static void fill_contexts(struct call *call, const struct inventory *inventory,
			  const struct origins *origins, pid_t pid)
{
	json_object *rows = json_put_array(call->result, "contexts");

	for (unsigned i = 0; i < inventory->contexts.count; i++)
		if (!pid || inventory_find_user(&inventory->contexts.items[i], pid))
			fill_kernel_context(add_object(rows), inventory, origins,
					    &inventory->contexts.items[i]);
}

/* Every iommufd context that there is, or those of one process; 0: of any. */
static enum status show_all(struct call *call, pid_t pid)
{
	struct inventory inventory;
	struct origins origins = { 0 };
	int rc = inventory_take(&inventory);
	const bool known = inventory.sources & INVENTORY_IOMMUFD;
	const enum inventory_obstacle obstacle = inventory.obstacle;

	if (!rc && known)
		rc = origins_find(&origins, &inventory);
	if (!rc && known)
		fill_contexts(call, &inventory, &origins, pid);
	origins_free(&origins);
	inventory_free(&inventory);
	return rc    ? fail_errno(rc, "status") :
	       known ? STATUS_OK :
		       fail_no_records("status", obstacle);
}

static enum status show_own(struct call *call)
{
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
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	const struct status_options *options = call->options;
	bool all = options->all || options->pid.given;

	if (options->dot)
		call->draw = all ? draw_all : draw;
	return all ? show_all(call, options->pid.value) : show_own(call);
}

static const struct option_entry options[] = {
	OPT_FLAG(struct status_options, all, "all", 'a',
		 "every iommufd context on the system, as the kernel has it"),
	OPT_NUMBER(struct status_options, pid, "pid", "PID", 1, INT_MAX,
		   "those that this process has"),
	OPT_FORM(struct status_options, dot, "dot", "a picture, for Graphviz"),
	{ 0 },
};

static const struct column device_columns[] = {
	{ "PROCESS", "process", COLUMN_TEXT, "whose iommufd context it is" },
	{ "DEVICE", "name", COLUMN_TEXT, "BDF of an open device" },
	{ "IOAS", "ioas", COLUMN_TEXT, "what it is attached to" },
	{ "ID", "id", COLUMN_NUMBER | COLUMN_VERBOSE, "in the iommufd context" },
	{ 0 },
};

static const struct column ioas_columns[] = {
	{ "PROCESS", "process", COLUMN_TEXT, "whose iommufd context it is" },
	{ "IOAS", "name", COLUMN_TEXT, "name" },
	{ "IOAS", "ioas", COLUMN_NUMBER, "its ID in the iommufd context" },
	{ "DEVICES", "devices", COLUMN_LIST, "attached to it" },
	{ "ID", "id", COLUMN_NUMBER | COLUMN_VERBOSE, "in the iommufd context" },
	{ "MEMORY", "memory_mappings", COLUMN_NUMBER, "mappings of memory" },
	{ "BYTES", "memory_bytes", COLUMN_SIZE, "of those" },
	{ 0 },
};

static const struct column context_columns[] = {
	{ "PROCESS", "process", COLUMN_TEXT, "that has an iommufd context" },
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
	{ .key = "contexts",
	  .title = "iommufd contexts",
	  .empty = "no iommufd contexts",
	  .columns = context_columns },
	{ .key = "devices", .title = "Devices", .columns = device_columns, .within = "contexts" },
	{ .key = "dmabufs", .title = "Dma-bufs", .columns = dmabuf_columns, .within = "contexts" },
	{ .key = "ioases",
	  .title = "I/O address spaces",
	  .columns = ioas_columns,
	  .within = "contexts" },
	{ .key = "mappings",
	  .title = "Mappings",
	  .columns = mapping_columns,
	  .within = "contexts" },
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
