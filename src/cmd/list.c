// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common.h"
#include "kernel/census/census.h"
#include "kernel/dmabuf.h"
#include "ui/dot.h"

/* The exporter of dma-bufs that are BARs (drivers/vfio/pci/vfio_pci_dmabuf.c). */
#define VFIO_EXPORTER "vfio_pci_core"

struct list_options {
	const char *exporter, *device, *holder;
	struct option_size pid;
	const char *sort, *columns;
	bool tree, openmetrics, dot;
};

/* Where a dma-buf comes from, and how that is known. */
struct origin {
	char device[24];	     /* "" when not known */
	int bar;		     /* -1 when not known */
	char source[NAME_SIZE + 16]; /* "context default", or "deduced" */
};

/* A dma-buf of a context: certain. */
struct certainty {
	uint64_t inode;
	struct origin origin;
};

struct listing {
	struct list_options options;
	bool cells; /* the facts that a table shows, in its form */
	bool below; /* holders are rows below their dma-buf's */
	struct pci_name device;
	struct census census;
	struct certainty *certainties;
	unsigned certain_count;
	unsigned *shown; /* indexes of what is wanted, in order */
	unsigned shown_count;
};

static void note_context(struct listing *listing, const char *name)
{
	struct context context;

	if (context_open_idle(&context, name))
		return;
	for_each_object(dmabuf, &context.objects, OBJECT_DMABUF) {
		struct certainty certainty = { .origin.bar = dmabuf->dmabuf.bar }, *bigger;

		if (object_is_adopted(dmabuf) ||
		    dmabuf_get_inode(context_fd(&context, dmabuf), &certainty.inode))
			continue;
		strcpy(certainty.origin.device, dmabuf->dmabuf.device.bdf);
		snprintf(certainty.origin.source, sizeof(certainty.origin.source), "context %s",
			 name);
		bigger = realloc(listing->certainties,
				 (listing->certain_count + 1) * sizeof(*bigger));
		if (!bigger)
			break;
		listing->certainties = bigger;
		bigger[listing->certain_count++] = certainty;
	}
	context_close(&context);
}

static void note_contexts(struct listing *listing)
{
	auto_free struct context_summary *contexts = NULL;
	unsigned count = 0;

	context_list(&contexts, &count);
	for (unsigned i = 0; i < count; i++)
		note_context(listing, contexts[i].name);
}

/* The PCI device behind /dev/vfio/devices/vfioN. */
static int device_of(unsigned number, struct pci_device *pci)
{
	auto_free char *real = NULL;
	struct pci_name name;
	char link[64];

	snprintf(link, sizeof(link), "/sys/class/vfio-dev/vfio%u/device", number);
	real = realpath(link, NULL);
	if (!real)
		return -ENODEV;
	return pci_parse_name(strrchr(real, '/') + 1, &name) ? -ENODEV : pci_get(&name, pci);
}

/* The only BAR of that size, else the only one that is large enough; -1 when there is no such. */
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

static bool holds(const struct census_dmabuf *dmabuf, pid_t pid)
{
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		if (dmabuf->holders[i].pid == pid)
			return true;
	return false;
}

/* Whoever exported it has the device open, and as a rule the dma-buf too. */
static void deduce(const struct listing *listing, const struct census_dmabuf *dmabuf,
		   struct origin *origin)
{
	int last = -1;

	for (unsigned i = 0; i < listing->census.device_count; i++) {
		const struct census_device *open = &listing->census.devices[i];
		struct pci_device pci;

		if ((int)open->number == last || !holds(dmabuf, open->pid) ||
		    device_of(open->number, &pci) || bar_for(&pci, dmabuf->size) < 0)
			continue;
		/* Two that could have are none. */
		if (last >= 0) {
			*origin = (struct origin){ .bar = -1 };
			return;
		}
		last = open->number;
		strcpy(origin->device, pci.name.bdf);
		origin->bar = bar_for(&pci, dmabuf->size);
		strcpy(origin->source, "deduced");
	}
}

static struct origin origin_of(const struct listing *listing, const struct census_dmabuf *dmabuf)
{
	struct origin origin = { .bar = -1 };

	for (unsigned i = 0; i < listing->certain_count; i++)
		if (listing->certainties[i].inode == dmabuf->inode)
			return listing->certainties[i].origin;
	if (!strcmp(dmabuf->exporter, VFIO_EXPORTER))
		deduce(listing, dmabuf, &origin);
	return origin;
}

static bool is_wanted(const struct listing *listing, const struct census_dmabuf *dmabuf,
		      const struct origin *origin)
{
	const struct list_options *options = &listing->options;
	bool held = !options->holder;

	for (unsigned i = 0; i < dmabuf->holder_count && !held; i++)
		held = !strcmp(dmabuf->holders[i].name, options->holder);
	return held && (!options->exporter || !strcmp(dmabuf->exporter, options->exporter)) &&
	       (!options->device || !strcmp(origin->device, options->device)) &&
	       (!options->pid.given || holds(dmabuf, options->pid.value));
}

static void fill_holder(json_object *row, const struct census_holder *holder, bool tree)
{
	json_object *fds;
	char label[64];

	put_number(row, "pid", holder->pid);
	put_bytes(row, "command", holder->name);
	fds = put_array(row, "fds");
	for (unsigned i = 0; i < holder->fd_count; i++)
		json_object_array_add(fds, json_object_new_int(holder->fds[i]));
	put_number(row, "maps", holder->maps);
	put_number(row, "mapped", holder->mapped);
	snprintf(label, sizeof(label), "%s (PID %d)", holder->name, holder->pid);
	put_bytes(row, tree ? "inode" : "label", label); /* the tree's first column */
}

/* "perl(12):3,4 qemu(7):map", for a cell. */
static void put_holders(json_object *row, const struct census_dmabuf *dmabuf)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *cell = open_memstream(&text, &size);
	char shown[256];

	if (!cell)
		return;
	for (unsigned i = 0; i < dmabuf->holder_count; i++) {
		const struct census_holder *holder = &dmabuf->holders[i];

		fprintf(cell, "%s%s(%d):", i ? " " : "", holder->name, holder->pid);
		for (unsigned j = 0; j < holder->fd_count && j < 8; j++)
			fprintf(cell, "%s%u", j ? "," : "", holder->fds[j]);
		if (holder->fd_count > 8)
			fprintf(cell, ",+%u", holder->fd_count - 8);
		if (holder->maps)
			fprintf(cell, "%smap", holder->fd_count ? "," : "");
	}
	fclose(cell);
	snprintf(shown, sizeof(shown), "%s", text);
	put_bytes(row, "held_by", shown);
}

static void put_count(json_object *row, const char *key, long count)
{
	if (count < 0)
		put_text(row, key, NULL);
	else
		put_number(row, key, count);
}

/* References that no process explains are importers' or under way in a socket. */
static void put_unexplained(json_object *row, const struct listing *listing,
			    const struct census_dmabuf *dmabuf)
{
	long left = dmabuf->references;

	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		left -= dmabuf->holders[i].fd_count + dmabuf->holders[i].maps;
	if (dmabuf->references < 0 || listing->census.unseen) {
		put_text(row, "unexplained", NULL);
		put_text(row, "in_flight", NULL);
		return;
	}
	left = left < 0 ? 0 : left;
	put_number(row, "unexplained", left);
	put_count(row, "in_flight",
		  dmabuf->attachments < 0    ? -1 :
		  left > dmabuf->attachments ? left - dmabuf->attachments :
					       0);
}

static json_object *make_row(const void *state, size_t index)
{
	const struct listing *listing = state;
	const struct census_dmabuf *dmabuf = &listing->census.items[listing->shown[index]];
	struct origin origin = origin_of(listing, dmabuf);
	json_object *row = json_object_new_object(), *holders;

	put_number(row, "inode", dmabuf->inode);
	put_count(row, "size", dmabuf->size ? (long)dmabuf->size : -1);
	put_bytes(row, "exporter", dmabuf->exporter);
	put_bytes(row, "name", dmabuf->name);
	put_text(row, "device", origin.device);
	put_count(row, "bar", origin.bar);
	put_text(row, "origin", origin.source);
	put_count(row, "references", dmabuf->references);
	put_count(row, "attachments", dmabuf->attachments);
	put_bytes(row, "attached", dmabuf->attached ? dmabuf->attached : "");
	put_unexplained(row, listing, dmabuf);
	if (listing->cells) {
		put_holders(row, dmabuf);
		return row;
	}
	holders = put_array(row, "holders");
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		fill_holder(add_object(holders), &dmabuf->holders[i], listing->below);
	return row;
}

static void fill_sources(const struct listing *listing, json_object *result)
{
	static const struct {
		unsigned sources;
		const char *name;
	} names[] = {
		{ CENSUS_DMABUF_ITERATOR | CENSUS_FILE_ITERATOR | CENSUS_MAP_ITERATOR, "bpf" },
		{ CENSUS_DEBUGFS, "debugfs" },
		{ CENSUS_FDS, "fd" },
		{ CENSUS_MAPS, "maps" },
	};
	json_object *row = put_object(result, "sources"), *used;

	used = put_array(row, "used");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (listing->census.sources & names[i].sources)
			json_object_array_add(used, json_object_new_string(names[i].name));
	if (listing->certain_count)
		json_object_array_add(used, json_object_new_string("contexts"));
	put_number(row, "unseen_processes", listing->census.unseen);
	put_text(row, "lacking",
		 listing->census.unseen ?
			 "other users' processes: their dma-bufs are missing; run as root" :
		 census_is_complete(&listing->census) ?
			 NULL :
			 "attachments: debugfs is not mounted, or needs root");
}

static const struct column columns[] = {
	{ "INODE", "inode", COLUMN_NUMBER, "of the dma-buf's file" },
	{ "SIZE", "size", COLUMN_SIZE, "bytes" },
	{ "EXPORTER", "exporter", COLUMN_TEXT, "the kernel's name for it" },
	{ "NAME", "name", COLUMN_TEXT, "as set by whoever made it" },
	{ "DEVICE", "device", COLUMN_TEXT, "the exporting device" },
	{ "BAR", "bar", COLUMN_NUMBER, "of that device" },
	{ "ORIGIN", "origin", COLUMN_TEXT, "how the device is known: a context, or deduced" },
	{ "REFS", "references", COLUMN_NUMBER | COLUMN_VERBOSE, "to its file" },
	{ "ATTACHED", "attachments", COLUMN_NUMBER, "importing devices" },
	{ "TO", "attached", COLUMN_TEXT | COLUMN_VERBOSE, "their names" },
	{ "KERNEL", "unexplained", COLUMN_NUMBER, "references that no process explains" },
	{ "IN-FLIGHT", "in_flight", COLUMN_NUMBER | COLUMN_VERBOSE,
	  "of those, more than there are attachments: fds in sockets, as a rule" },
	{ "HOLDERS", "held_by", COLUMN_TEXT, "command(PID):fds, and map for a mapping" },
	{ 0 },
};

static const struct column tree_columns[] = {
	{ "DMABUF", "inode", COLUMN_TEXT, "inode, and below it the holders" },
	{ "SIZE", "size", COLUMN_SIZE, "bytes" },
	{ "EXPORTER", "exporter", COLUMN_TEXT, "the kernel's name for it" },
	{ "NAME", "name", COLUMN_TEXT, "as set by whoever made it" },
	{ "DEVICE", "device", COLUMN_TEXT, "the exporting device" },
	{ "BAR", "bar", COLUMN_NUMBER, "of that device" },
	{ "FDS", "fds", COLUMN_LIST, "of the holder" },
	{ "MAPPED", "mapped", COLUMN_SIZE, "by the holder" },
	{ 0 },
};

static const struct column source_columns[] = {
	{ "SOURCES", "used", COLUMN_LIST, "what could be read" },
	{ "UNSEEN", "unseen_processes", COLUMN_NUMBER, "processes that could not be read" },
	{ "LACKING", "lacking", COLUMN_TEXT, "what is not known for that" },
	{ 0 },
};

static const struct column *find_column(const char *word, size_t length)
{
	for (const struct column *column = columns; column->heading; column++)
		if (strlen(column->heading) == length &&
		    !strncasecmp(column->heading, word, length))
			return column;
	return NULL;
}

static enum status check_columns(const char *option, const char *words)
{
	for (const char *word = words; word && *word; word += *word == ',') {
		size_t length = strcspn(word, ",");

		if (!find_column(word, length)) {
			char known[256] = "";

			for (const struct column *column = columns; column->heading; column++)
				strcat(strcat(known, *known ? ", " : ""), column->heading);
			fail(STATUS_USAGE, 0, "option %s: '%.*s'", option, (int)length, word);
			fail_because("not a column");
			fail_try("choose from %s", known);
			return STATUS_USAGE;
		}
		word += length;
	}
	return STATUS_OK;
}

/* A row's place in the order, and what decides it. */
struct rank {
	unsigned index;
	json_object *value;
};

static int compare(const void *a, const void *b)
{
	json_object *left = ((const struct rank *)a)->value;
	json_object *right = ((const struct rank *)b)->value;
	int64_t difference;

	if (!left || !right)
		return !left - !right;
	if (json_object_is_type(left, json_type_string))
		return strcmp(json_object_get_string(left), json_object_get_string(right));
	difference = json_object_get_int64(left) - json_object_get_int64(right);
	return difference < 0 ? -1 : difference > 0;
}

static void sort(struct listing *listing, const struct column *column)
{
	auto_free struct rank *ranks = calloc(listing->shown_count + 1, sizeof(*ranks));

	if (!ranks)
		return;
	for (unsigned i = 0; i < listing->shown_count; i++) {
		json_object *row = make_row(listing, i);

		ranks[i].index = listing->shown[i];
		ranks[i].value = json_object_get(json_object_object_get(row, column->key));
		json_object_put(row);
	}
	qsort(ranks, listing->shown_count, sizeof(*ranks), compare);
	for (unsigned i = 0; i < listing->shown_count; i++) {
		listing->shown[i] = ranks[i].index;
		json_object_put(ranks[i].value);
	}
}

static void put_label(const char *name, json_object *row, const char *key)
{
	printf(",%s=\"", name);
	for (const char *text = text_of(row, key); *text; text++) {
		if (*text == '\n')
			fputs("\\n", stdout);
		else if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else
			putchar(*text);
	}
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
	static char holder_fds[] = "dmabuf_holder_fds";

	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics); i++) {
		print_family(metrics[i].name, metrics[i].help);
		output_each_row(&call->rows, put_sample, &metrics[i]);
	}
	print_family(holder_fds, "Fds of the dma-buf that a process has.");
	output_each_row(&call->rows, put_holder_samples, holder_fds);
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
	dot_node(label, "ellipse", "white", label);
	dot_edge(label, dmabuf, "dashed", edge);
}

static void draw_dma_buf(json_object *row, void *arg)
{
	const char *device = text_of(row, "device"), *name = text_of(row, "name");
	char id[40], label[256];

	(void)arg;
	snprintf(id, sizeof(id), "dma-buf %s", text_of(row, "inode"));
	snprintf(label, sizeof(label), "%s\n%s\n%s bytes", id,
		 *name ? name : text_of(row, "exporter"), text_of(row, "size"));
	dot_node(id, "box", "lightyellow", label);
	if (*device) {
		dot_node(device, "box", "lightblue", device);
		dot_edge(device, id, "solid", "exports");
	}
	for_each_row(holder, json_object_object_get(row, "holders")) draw_holder(id, holder);
}

static void draw(const struct call *call)
{
	dot_begin("dma-bufs");
	output_each_row(&call->rows, draw_dma_buf, NULL);
	dot_end();
}

static int choose(struct listing *listing)
{
	listing->shown = calloc(listing->census.count + 1, sizeof(*listing->shown));
	if (!listing->shown)
		return -ENOMEM;
	for (unsigned i = 0; i < listing->census.count; i++) {
		struct origin origin = origin_of(listing, &listing->census.items[i]);

		if (is_wanted(listing, &listing->census.items[i], &origin))
			listing->shown[listing->shown_count++] = i;
	}
	if (listing->options.sort)
		sort(listing, find_column(listing->options.sort, strlen(listing->options.sort)));
	return 0;
}

static void end_listing(void *state)
{
	struct listing *listing = state;

	census_free(&listing->census);
	free(listing->certainties);
	free(listing->shown);
	free(listing);
}

static enum status check_options(struct list_options *options, struct pci_name *name)
{
	enum status status = check_columns("-o", options->columns);

	if (!status && options->columns && options->tree) {
		status = fail(STATUS_USAGE, 0, "option -o");
		fail_because("the tree has columns of its own");
	}
	if (!status)
		status = check_columns("--sort", options->sort);
	if (status || !options->device)
		return status;
	if (pci_parse_name(options->device, name)) {
		fail(STATUS_USAGE, 0, "option --device: '%s'", options->device);
		fail_because("not a PCI address");
		fail_try("write it as 0000:01:00.0 or 01:00.0");
		return STATUS_USAGE;
	}
	options->device = name->bdf;
	return STATUS_OK;
}

static enum status take(struct call *call, struct listing *listing)
{
	const struct list_options *options = &listing->options;
	enum status status = check_options(&listing->options, &listing->device);
	int rc;

	if (status)
		return status;
	listing->below = options->tree && !call->globals->json;
	listing->cells = !call->globals->json && !options->tree && !options->openmetrics &&
			 !options->dot;
	rc = census_take(&listing->census);
	if (rc)
		return fail_errno(rc, "list");
	note_contexts(listing);
	rc = choose(listing);
	if (rc)
		return fail_errno(rc, "list");
	fill_sources(listing, call->result);
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	enum status status;

	if (!listing)
		return fail_errno(-ENOMEM, "list");
	listing->options = *(const struct list_options *)call->options;
	status = take(call, listing);
	if (status) {
		end_listing(listing);
		return status;
	}
	call->columns = listing->options.columns;
	call->draw = listing->options.dot	  ? draw :
		     listing->options.openmetrics ? print_openmetrics :
						    NULL;
	call->rows = (struct output_rows){ .key = listing->below ? "tree" : "dmabufs",
					   .count = listing->shown_count,
					   .make = make_row,
					   .state = listing,
					   .free = end_listing };
	return STATUS_OK;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct list_options, exporter, "exporter", "NAME", "only what this exporter made"),
	OPT_TEXT(struct list_options, device, "device", "BDF", "only BARs of this device"),
	OPT_SIZE(struct list_options, pid, "pid", "PID", "only what this process holds"),
	OPT_TEXT(struct list_options, holder, "holder", "COMMAND",
		 "only what processes of this name hold"),
	OPT_TEXT(struct list_options, sort, "sort", "COLUMN", "the rows in the order of a column"),
	OPT_TEXT_SHORT(struct list_options, columns, "output", 'o', "COLUMN,...",
		       "these columns, in this order"),
	OPT_FLAG(struct list_options, tree, "tree", 0, "the holders below each dma-buf"),
	OPT_FLAG(struct list_options, openmetrics, "openmetrics", 0,
		 "metrics, for node_exporter's textfile collector"),
	OPT_FLAG(struct list_options, dot, "dot", 0, "a picture, for Graphviz"),
	{ 0 },
};

static const struct section sections[] = {
	{ "sources", "Sources", NULL, source_columns },
	{ "dmabufs", "Dma-bufs", "no dma-bufs are seen", columns },
	{ "tree>holders", "Dma-bufs and their holders", NULL, tree_columns },
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
