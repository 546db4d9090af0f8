// SPDX-License-Identifier: GPL-2.0-only
/* list: shows all dma-bufs of the system and their holders, in four forms. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/command.h"
#include "cmd/shared/kernel_rows.h"
#include "cmd/shared/listing.h"
#include "cmd/shared/lookup.h"
#include "cmd/shared/rows.h"
#include "ui/dot.h"
#include "ui/table.h"
#include "util/text.h"

struct list_options {
	const char *exporter, *device, *holder;
	struct option_number pid;
	const char *sort, *columns;
	bool tree, openmetrics, dot;
};

/* The worst that is not known, with room for its text; NULL: nothing. */
static const char *what_lacks(const struct inventory *inventory, char text[160])
{
	if (inventory->unseen)
		return "other users' processes: their dma-bufs are missing; run as root";
	if (!inventory_is_complete(inventory))
		return "attachments: debugfs is not mounted, or needs root";
	if (!inventory->obstacle)
		return NULL;
	snprintf(text, 160, "what VFIO and iommufd have on record: %s",
		 why_no_records(inventory->obstacle));
	return text;
}

static void fill_sources(const struct listing *listing, json_object *result)
{
	static const struct {
		unsigned sources;
		const char *name;
	} names[] = {
		{ INVENTORY_DMABUF_ITERATOR | INVENTORY_FILE_ITERATOR | INVENTORY_MAP_ITERATOR,
		  "bpf" },
		{ INVENTORY_DEBUGFS, "debugfs" },
		{ INVENTORY_VFIO, "vfio" },
		{ INVENTORY_IOMMUFD, "iommufd" },
		{ INVENTORY_FDINFO, "fdinfo" },
		{ INVENTORY_FDS, "fd" },
		{ INVENTORY_MAPS, "maps" },
	};
	json_object *row = json_put_object(result, "sources"), *used;
	char lacking[160];

	used = json_put_array(row, "used");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (listing->inventory.sources & names[i].sources)
			add_text(used, names[i].name);
	if (listing->origins.contexts)
		add_text(used, "contexts");
	json_put_number(row, "unseen_processes", listing->inventory.unseen);
	json_put_text(row, "lacking", what_lacks(&listing->inventory, lacking));
}

static const struct column tree_columns[] = {
	{ "DMABUF", "inode", COLUMN_TEXT,
	  "inode, and below it the holders, and where it is mapped" },
	{ "SIZE", "size", COLUMN_SIZE, "bytes" },
	{ "EXPORTER", "exporter", COLUMN_TEXT, "the kernel's name for it" },
	{ "NAME", "name", COLUMN_TEXT, "as set by whoever made it" },
	{ "DEVICE", "device", COLUMN_TEXT, "the exporting device" },
	{ "BAR", "bar", COLUMN_NUMBER, "of that device" },
	{ "FDS", "fds", COLUMN_LIST, "of the holder" },
	{ "MAPPED", "mapped", COLUMN_SIZE, "by the holder" },
	{ "IOVA", "iova", COLUMN_TEXT, "where the IOAS has it" },
	{ "LENGTH", "length", COLUMN_SIZE, "bytes of it there" },
	{ "PROT", "prot", COLUMN_TEXT, "r, w or rw" },
	{ "STATE", "state", COLUMN_TEXT, "of the exporter, and of the mapping" },
	{ "DEVICES", "devices", COLUMN_LIST, "attached to the IOAS" },
	{ 0 },
};

static const struct column source_columns[] = {
	{ "SOURCES", "used", COLUMN_LIST, "what could be read" },
	{ "UNSEEN", "unseen_processes", COLUMN_NUMBER, "processes that could not be read" },
	{ "LACKING", "lacking", COLUMN_TEXT, "what is not known for that" },
	{ 0 },
};

static const char *column_name(unsigned index)
{
	return listing_columns[index].heading;
}

static int find_column(const char *name)
{
	int position = 0;

	while (strcmp(listing_columns[position].heading, name))
		position++;
	return position;
}

static enum status check_count(const char *columns)
{
	unsigned count = 1;

	for (const char *comma = columns; (comma = strchr(comma, ',')); comma++)
		count++;
	if (count <= TABLE_COLUMNS)
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "option --output: %u columns", count);
	fail_because("a table takes %d", TABLE_COLUMNS);
	return STATUS_USAGE;
}

static void put_label(const char *name, json_object *row, const char *key)
{
	printf(",%s=\"", name);
	text_print_quoted(stdout, text_of(row, key));
	putchar('"');
}

struct metric {
	const char *name, *key, *help;
};

static void print_family(const char *name, const char *help)
{
	printf("# TYPE %s gauge\n# HELP %s %s\n", name, name, help);
}

static void put_sample(json_object *row, void *arg)
{
	const struct metric *metric = arg;
	json_object *value = json_object_object_get(row, metric->key);

	if (!value)
		return;
	printf("%s{inode=\"%s\"", metric->name, text_of(row, "inode"));
	put_label("exporter", row, "exporter");
	put_label("name", row, "name");
	put_label("device", row, "device");
	printf("} %s\n", json_object_get_string(value));
}

static void put_holder_samples(json_object *row, void *arg)
{
	for_each_row(holder, json_object_object_get(row, "holders"))
	{
		printf("%s{inode=\"%s\",pid=\"%s\"", (const char *)arg, text_of(row, "inode"),
		       text_of(holder, "pid"));
		put_label("command", holder, "command");
		printf("} %zu\n", json_object_array_length(json_object_object_get(holder, "fds")));
	}
}

static void put_mapping_samples(json_object *row, void *arg)
{
	for_each_row(mapping, json_object_object_get(row, "mappings"))
	{
		printf("%s{inode=\"%s\",pid=\"%s\"", (const char *)arg, text_of(row, "inode"),
		       text_of(mapping, "pid"));
		put_label("command", mapping, "command");
		put_label("device", row, "device");
		put_label("ioas", mapping, "ioas");
		put_label("iova", mapping, "iova");
		put_label("prot", mapping, "prot");
		put_label("state", mapping, "state");
		printf("} %s\n", text_of(mapping, "length"));
	}
}

static void put_revoked_sample(json_object *row, void *arg)
{
	if (!*text_of(row, "state"))
		return;
	printf("%s{inode=\"%s\"", (const char *)arg, text_of(row, "inode"));
	put_label("device", row, "device");
	printf("} %d\n", !strcmp(text_of(row, "state"), "revoked"));
}

/* OpenMetrics 1.0 text, for node_exporter's textfile collector. */
static void print_openmetrics(const struct call *call)
{
	static struct metric metrics[] = {
		{ "dmabuf_size_bytes", "size", "Size of the dma-buf." },
		{ "dmabuf_references", "references", "References to the dma-buf's file." },
		{ "dmabuf_attachments", "attachments", "Importing devices." },
		{ "dmabuf_unexplained_references", "unexplained",
		  "References that no process explains." },
	};
	static char holder_fds[] = "dmabuf_holder_fds", revoked[] = "dmabuf_revoked";
	static char mapped[] = "dmabuf_mapped_bytes";

	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics); i++) {
		print_family(metrics[i].name, metrics[i].help);
		output_each_row(&call->rows, put_sample, &metrics[i]);
	}
	print_family(holder_fds, "Fds of the dma-buf that a process has.");
	output_each_row(&call->rows, put_holder_samples, holder_fds);
	print_family(revoked, "Whether the exporter has revoked it.");
	output_each_row(&call->rows, put_revoked_sample, revoked);
	print_family(mapped, "Length of a mapping in an iommufd context.");
	output_each_row(&call->rows, put_mapping_samples, mapped);
	print_family("dmabuf_unseen_processes", "Processes that could not be read.");
	printf("dmabuf_unseen_processes %s\n# EOF\n",
	       text_of(json_object_object_get(call->result, "sources"), "unseen_processes"));
}

static void draw_holder(const char *dmabuf, json_object *holder)
{
	const char *label = text_of(holder, "label");
	char edge[64];

	snprintf(edge, sizeof(edge), "%zu fds, %s maps",
		 json_object_array_length(json_object_object_get(holder, "fds")),
		 text_of(holder, "maps"));
	dot_node(label, "ellipse", "white", label, NULL);
	dot_edge(label, dmabuf, "dashed", edge);
}

/* From the dma-buf to the IOAS that has it, and to that from the devices that reach it. */
static void draw_mapping(const char *dmabuf, json_object *mapping)
{
	char ioas[64], edge[64];

	snprintf(ioas, sizeof(ioas), "IOAS %s of PID %s", text_of(mapping, "ioas"),
		 text_of(mapping, "pid"));
	snprintf(edge, sizeof(edge), "%s, %s", text_of(mapping, "iova"), text_of(mapping, "state"));
	dot_node(ioas, "ellipse", "white", ioas, text_of(mapping, "command"), NULL);
	dot_edge(ioas, dmabuf, "solid", edge);
	for_each_row(device, json_object_object_get(mapping, "devices"))
	{
		const char *name = json_object_get_string(device);

		dot_node(name, "box", "lightblue", name, NULL);
		dot_edge(name, ioas, "solid", "attached");
	}
}

static void draw_dma_buf(json_object *row, void *arg)
{
	const char *device = text_of(row, "device"), *name = text_of(row, "name");
	const char *state = text_of(row, "state");
	char id[40], size[40];

	(void)arg;
	snprintf(id, sizeof(id), "dma-buf %s", text_of(row, "inode"));
	snprintf(size, sizeof(size), "%s bytes", text_of(row, "size"));
	dot_node(id, "box", state_colour(state), id, *name ? name : text_of(row, "exporter"), size,
		 *state ? state : NULL, NULL);
	if (*device) {
		dot_node(device, "box", "lightblue", device, NULL);
		dot_edge(device, id, "solid", "exports");
	}
	for_each_row(holder, json_object_object_get(row, "holders")) draw_holder(id, holder);
	for_each_row(mapping, json_object_object_get(row, "mappings")) draw_mapping(id, mapping);
}

static void draw(const struct call *call)
{
	dot_begin("dma-bufs");
	output_each_row(&call->rows, draw_dma_buf, NULL);
	dot_end();
}

static enum status check_options(struct list_options *options, struct pci_name *name)
{
	enum status status = options->columns ? check_count(options->columns) : STATUS_OK;

	if (!status && options->columns && options->tree) {
		status = fail_with(STATUS_USAGE, 0, "option --output");
		fail_because("the tree has columns of its own");
	}
	if (status || !options->device)
		return status;
	status = check_address("option --device:", options->device, name);
	options->device = name->bdf;
	return status;
}

static json_object *make_row(void *state, size_t index)
{
	return listing_row(state, index, false);
}

static json_object *make_branch(void *state, size_t index)
{
	return listing_row(state, index, true);
}

static void end(void *state)
{
	listing_free(state);
	free(state);
}

static int take(struct listing *listing, const struct list_options *options)
{
	const struct listing_filter filter = {
		.exporter = options->exporter,
		.device = options->device,
		.holder = options->holder,
		.pid = options->pid.value,
	};
	int rc = listing_take(listing, &filter);

	return rc || !options->sort ? rc : listing_sort(listing, find_column(options->sort));
}

static enum status run(struct call *call)
{
	struct list_options options = *(const struct list_options *)call->options;
	struct pci_name device;
	enum status status = check_options(&options, &device);
	struct listing *listing = status ? NULL : calloc(1, sizeof(*listing));
	int rc;

	if (status)
		return status;
	call->rows = (struct output_rows){ .key = options.tree ? "tree" : "dmabufs",
					   .attribute = options.tree ? NULL : listing_attribute,
					   .make = options.tree ? make_branch : make_row,
					   .state = listing,
					   .free = end };
	rc = listing ? take(listing, &options) : -ENOMEM;
	if (rc)
		return fail_errno(rc, "list");
	fill_sources(listing, call->result);
	call->rows.count = listing->shown_count;
	call->columns = options.columns;
	call->draw = options.dot ? draw : options.openmetrics ? print_openmetrics : NULL;
	return STATUS_OK;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct list_options, exporter, "exporter", "NAME", "only what this exporter made"),
	OPT_TEXT(struct list_options, device, "device", "BDF", "only BARs of this device"),
	OPT_NUMBER(struct list_options, pid, "pid", "PID", 1, INT_MAX,
		   "only what this process holds"),
	OPT_TEXT(struct list_options, holder, "holder", "NAME",
		 "only what processes of this name hold"),
	OPT_CHOICE(struct list_options, sort, "sort", 0, "COLUMN", column_name,
		   "the rows in the order of a column"),
	OPT_CHOICES(struct list_options, columns, "output", 'o', "COLUMN,...", column_name,
		    "these columns, in this order"),
	OPT_FORM(struct list_options, tree, "tree", "the holders below each dma-buf"),
	OPT_FORM(struct list_options, openmetrics, "openmetrics",
		 "metrics, for node_exporter's textfile collector"),
	OPT_FORM(struct list_options, dot, "dot", "a picture, for Graphviz"),
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "sources", .title = "Sources", .columns = source_columns },
	{ .key = "dmabufs",
	  .title = "Dma-bufs",
	  .empty = "no dma-bufs are seen",
	  .columns = listing_columns },
	{ .key = "tree",
	  .title = "Dma-bufs and their holders",
	  .columns = tree_columns,
	  .children = "below" },
	{ 0 },
};

const struct command cmd_list = {
	.name = "list",
	.arguments = "",
	.summary = "show every dma-buf on the system, and who holds it",
	.description =
		"Reads /proc/*/fd, fdinfo and maps, debugfs where it may, and the contexts. The\n"
		"first table says what could be read, and what is not known for lack of it.",
	.options = options,
	.options_size = sizeof(struct list_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_NONE,
	.sections = sections,
	.run = run,
};
