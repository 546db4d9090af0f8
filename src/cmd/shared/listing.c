// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context/open.h"
#include "context/overview.h"
#include "kernel/dmabuf.h"
#include "kernel/sys.h"
#include "ui/value.h"
#include "util/json.h"

/* The columns, by place. */
enum {
	INODE,
	SIZE,
	EXPORTER,
	NAME,
	DEVICE,
	BAR,
	RANGES,
	ORIGIN,
	REFERENCES,
	ATTACHMENTS,
	ATTACHED,
	UNEXPLAINED,
	IN_FLIGHT,
	HELD_BY,
	FACTS
};

const struct column listing_columns[] = {
	[INODE] = { "INODE", "inode", COLUMN_NUMBER, "of the dma-buf's file" },
	[SIZE] = { "SIZE", "size", COLUMN_SIZE, "bytes" },
	[EXPORTER] = { "EXPORTER", "exporter", COLUMN_TEXT, "the kernel's name for it" },
	[NAME] = { "NAME", "name", COLUMN_TEXT, "as set by whoever made it" },
	[DEVICE] = { "DEVICE", "device", COLUMN_TEXT, "the exporting device" },
	[BAR] = { "BAR", "bar", COLUMN_NUMBER, "of that device" },
	[RANGES] = { "RANGES", "ranges", COLUMN_RANGES, "offset and length in the BAR" },
	[ORIGIN] = { "ORIGIN", "origin", COLUMN_TEXT,
		     "how the device is known: a context, or deduced" },
	[REFERENCES] = { "REFS", "references", COLUMN_NUMBER | COLUMN_VERBOSE, "to its file" },
	[ATTACHMENTS] = { "ATTACHED", "attachments", COLUMN_NUMBER, "importing devices" },
	[ATTACHED] = { "TO", "attached", COLUMN_TEXT | COLUMN_VERBOSE, "their names" },
	[UNEXPLAINED] = { "KERNEL", "unexplained", COLUMN_NUMBER,
			  "references that no process explains" },
	[IN_FLIGHT] = { "IN-FLIGHT", "in_flight", COLUMN_NUMBER | COLUMN_VERBOSE,
			"of those, more than there are attachments: fds in sockets, as a rule" },
	[HELD_BY] = { "HOLDERS", "held_by", COLUMN_TEXT,
		      "command(PID):fds, and map for a mapping" },
	[FACTS] = { 0 },
};

/* Where a dma-buf is from, and how that is known. */
struct origin {
	char device[24];
	int bar;
	struct range *ranges; /* inside the BAR; NULL: not known */
	unsigned range_count;
	char source[NAME_SIZE + 16]; /* "context default", or "deduced" */
};

/* Gives the dma-buf of that index an origin, to be filled; NULL when out of memory. */
static struct origin *add_origin(struct listing *listing, unsigned index, unsigned range_count)
{
	struct origin *origin = calloc(1, sizeof(*origin));

	if (origin && range_count) {
		origin->ranges = calloc(range_count, sizeof(*origin->ranges));
		origin->range_count = origin->ranges ? range_count : 0;
	}
	listing->origins[index] = origin;
	return origin;
}

/* What a context made is certain. */
static void note_dmabuf(struct listing *listing, const char *name, struct object *dmabuf)
{
	const struct census *census = &listing->census;
	const struct census_dmabuf *item;
	struct origin *origin;

	if (object_is_adopted(dmabuf))
		return;
	item = census_get(census, dmabuf->dmabuf.inode);
	if (!item || listing->origins[item - census->items])
		return;
	origin = add_origin(listing, item - census->items, dmabuf->dmabuf.range_count);
	if (!origin)
		return;
	listing->contexts = true;
	origin->bar = dmabuf->dmabuf.bar;
	strcpy(origin->device, dmabuf->dmabuf.device.bdf);
	snprintf(origin->source, sizeof(origin->source), "context %s", name);
	for (unsigned i = 0; i < origin->range_count; i++)
		origin->ranges[i] = dmabuf->dmabuf.ranges[i];
}

static void note_contexts(struct listing *listing)
{
	auto_free struct context_summary *contexts = NULL;
	unsigned count = 0;

	context_list(&contexts, &count);
	for (unsigned i = 0; i < count; i++) {
		struct context context;

		if (context_look(&context, contexts[i].name))
			continue;
		for_each_object(dmabuf, &context.objects, OBJECT_DMABUF)
			note_dmabuf(listing, contexts[i].name, dmabuf);
		context_close(&context);
	}
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

/* What is found among the devices that holders of a dma-buf have open. */
struct deduction {
	uint64_t size; /* of the dma-buf */
	struct pci_device exporter;
	unsigned count; /* of devices that it could be from */
};

static void consider(struct deduction *deduction, const char *bdf)
{
	struct pci_device pci;
	struct pci_name name;

	if (pci_parse_name(bdf, &name) ||
	    (deduction->count && !strcmp(deduction->exporter.name.bdf, name.bdf)) ||
	    pci_get(&name, &pci) || bar_for(&pci, deduction->size) < 0)
		return;
	deduction->exporter = pci;
	deduction->count++;
}

/* A group is open for any of its devices. */
static void consider_group(struct deduction *deduction, unsigned number)
{
	struct dirent *entry;
	char path[64];
	DIR *folder;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", number);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		consider(deduction, entry->d_name);
	if (folder)
		closedir(folder);
}

static void consider_device(struct deduction *deduction, unsigned number)
{
	auto_free char *real = NULL;
	char link[64];

	snprintf(link, sizeof(link), "/sys/class/vfio-dev/vfio%u/device", number);
	real = realpath(link, NULL);
	if (real)
		consider(deduction, strrchr(real, '/') + 1);
}

/*
 * Whoever exported it has the device open, and as a rule the dma-buf too; of two devices that it
 * could be from it is neither's.
 */
static void deduce(struct listing *listing, unsigned index)
{
	const struct census_dmabuf *dmabuf = &listing->census.items[index];
	struct deduction deduction = { .size = dmabuf->size };
	const struct pci_device *exporter = &deduction.exporter;
	struct origin *origin;

	for (unsigned i = 0; i < listing->census.device_count; i++) {
		const struct census_device *open = &listing->census.devices[i];

		if (holds(dmabuf, open->pid))
			(open->group ? consider_group : consider_device)(&deduction, open->number);
	}
	origin = deduction.count == 1 ? add_origin(listing, index, 1) : NULL;
	if (!origin)
		return;
	strcpy(origin->device, exporter->name.bdf);
	strcpy(origin->source, "deduced");
	origin->bar = bar_for(exporter, dmabuf->size);
	/* Of a smaller one nobody can tell where in the BAR it lies. */
	if (exporter->bars[origin->bar].bus.length == dmabuf->size && origin->range_count)
		origin->ranges[0].length = dmabuf->size;
	else
		origin->range_count = 0;
}

static int find_origins(struct listing *listing)
{
	const struct census *census = &listing->census;

	listing->origins = calloc(census->count + 1, sizeof(*listing->origins));
	if (!listing->origins)
		return -ENOMEM;
	note_contexts(listing);
	for (unsigned i = 0; i < census->count; i++)
		if (!listing->origins[i] && !strcmp(census->items[i].exporter, DMABUF_VFIO))
			deduce(listing, i);
	return 0;
}

static bool is_wanted(const struct listing_filter *filter, const struct census_dmabuf *dmabuf,
		      const struct origin *origin)
{
	bool held = !filter->holder;

	for (unsigned i = 0; i < dmabuf->holder_count && !held; i++)
		held = !strcmp(dmabuf->holders[i].name, filter->holder);
	return held && (!filter->exporter || !strcmp(dmabuf->exporter, filter->exporter)) &&
	       (!filter->device || (origin && !strcmp(origin->device, filter->device))) &&
	       (!filter->pid || holds(dmabuf, filter->pid));
}

static int choose(struct listing *listing, const struct listing_filter *filter)
{
	const struct census *census = &listing->census;

	listing->shown = calloc(census->count + 1, sizeof(*listing->shown));
	if (!listing->shown)
		return -ENOMEM;
	for (unsigned i = 0; i < census->count; i++)
		if (is_wanted(filter, &census->items[i], listing->origins[i]))
			listing->shown[listing->shown_count++] = i;
	return 0;
}

int listing_take(struct listing *listing, const struct listing_filter *filter)
{
	int rc = census_take(&listing->census);

	if (!rc)
		rc = find_origins(listing);
	return rc ? rc : choose(listing, filter);
}

void listing_free(struct listing *listing)
{
	for (unsigned i = 0; listing->origins && i < listing->census.count; i++) {
		if (listing->origins[i])
			free(listing->origins[i]->ranges);
		free(listing->origins[i]);
	}
	free(listing->origins);
	census_free(&listing->census);
	free(listing->shown);
}

static struct fact number(long value)
{
	return (struct fact){ .type = value < 0 ? FACT_NONE : FACT_NUMBER, .number = value };
}

static struct fact text(const char *text)
{
	return (struct fact){ .type = text && *text ? FACT_TEXT : FACT_NONE, .text = text };
}

/* References that no process explains are importers' or under way in a socket; -1: not known. */
static long unexplained(const struct listing *listing, const struct census_dmabuf *dmabuf)
{
	long left = dmabuf->references;

	if (left < 0 || listing->census.unseen)
		return -1;
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		left -= dmabuf->holders[i].fd_count + dmabuf->holders[i].maps;
	return left < 0 ? 0 : left;
}

static long in_flight(const struct listing *listing, const struct census_dmabuf *dmabuf)
{
	long left = unexplained(listing, dmabuf);

	if (left < 0 || dmabuf->attachments < 0)
		return -1;
	return left > dmabuf->attachments ? left - dmabuf->attachments : 0;
}

/* What fits of some text, ten thousand times: printf() would be most of the time. */
struct writer {
	char *at, *end;
};

static void write_text(struct writer *writer, const char *text)
{
	while (*text && writer->at < writer->end)
		*writer->at++ = *text++;
	*writer->at = '\0';
}

static void write_number(struct writer *writer, uint64_t number)
{
	char digits[VALUE_DIGITS];

	write_text(writer, value_format_number(number, digits));
}

static void write_holder(struct writer *writer, const struct census_holder *holder)
{
	write_text(writer, holder->name);
	write_text(writer, "(");
	write_number(writer, holder->pid);
	write_text(writer, "):");
	for (unsigned i = 0; i < holder->fd_count && i < 8; i++) {
		write_text(writer, i ? "," : "");
		write_number(writer, holder->fds[i]);
	}
	if (holder->fd_count > 8) {
		write_text(writer, ",+");
		write_number(writer, holder->fd_count - 8);
	}
	if (holder->maps)
		write_text(writer, holder->fd_count ? ",map" : "map");
}

/* "perl(12):3,4 qemu(7):map", what fits of it. */
static struct fact held_by(struct listing *listing, const struct census_dmabuf *dmabuf)
{
	struct writer writer = { listing->cell, listing->cell + sizeof(listing->cell) - 1 };

	*listing->cell = '\0';
	for (unsigned i = 0; i < dmabuf->holder_count; i++) {
		write_text(&writer, i ? " " : "");
		write_holder(&writer, &dmabuf->holders[i]);
	}
	return text(listing->cell);
}

/* "0x0+16M,0x4000000+1M", what fits of it. */
static struct fact ranges_of(struct listing *listing, const struct origin *origin)
{
	struct writer writer = { listing->cell, listing->cell + sizeof(listing->cell) - 1 };

	*listing->cell = '\0';
	for (unsigned i = 0; i < origin->range_count; i++) {
		char range[VALUE_RANGE];

		value_format_range(&origin->ranges[i], range);
		write_text(&writer, i ? "," : "");
		write_text(&writer, range);
	}
	return text(listing->cell);
}

static struct fact origin_fact(struct listing *listing, unsigned index, unsigned column)
{
	const struct origin *origin = listing->origins[index];

	if (!origin)
		return (struct fact){ .type = FACT_NONE };
	switch (column) {
	case DEVICE:
		return text(origin->device);
	case BAR:
		return number(origin->bar);
	case RANGES:
		return ranges_of(listing, origin);
	default:
		return text(origin->source);
	}
}

struct fact listing_fact(void *state, size_t row, unsigned column)
{
	struct listing *listing = state;
	const struct census_dmabuf *dmabuf = &listing->census.items[listing->shown[row]];

	switch (column) {
	case INODE:
		return number(dmabuf->inode);
	case SIZE:
		return number(dmabuf->size ? (long)dmabuf->size : -1);
	case EXPORTER:
		return text(dmabuf->exporter);
	case NAME:
		return text(dmabuf->name);
	case REFERENCES:
		return number(dmabuf->references);
	case ATTACHMENTS:
		return number(dmabuf->attachments);
	case ATTACHED:
		return text(dmabuf->attached);
	case UNEXPLAINED:
		return number(unexplained(listing, dmabuf));
	case IN_FLIGHT:
		return number(in_flight(listing, dmabuf));
	case HELD_BY:
		return held_by(listing, dmabuf);
	default:
		return origin_fact(listing, listing->shown[row], column);
	}
}

static void put_fact(struct listing *listing, json_object *row, size_t index, unsigned column)
{
	const char *key = listing_columns[column].key;
	struct fact fact = listing_fact(listing, index, column);

	if (fact.type == FACT_NUMBER)
		put_number(row, key, fact.number);
	else
		put_text(row, key, fact.type == FACT_TEXT ? fact.text : "");
}

/* null: not known */
static void put_origin_ranges(json_object *row, const struct origin *origin)
{
	const char *key = listing_columns[RANGES].key;

	if (origin && origin->range_count)
		object_put_ranges(row, key, origin->ranges, origin->range_count);
	else
		put_text(row, key, NULL);
}

static void fill_holder(json_object *row, const struct census_holder *holder, bool below)
{
	json_object *fds;
	char label[64];

	put_number(row, "pid", holder->pid);
	put_text(row, "command", holder->name);
	fds = put_array(row, "fds");
	for (unsigned i = 0; i < holder->fd_count; i++)
		json_object_array_add(fds, json_object_new_int(holder->fds[i]));
	put_number(row, "maps", holder->maps);
	put_number(row, "mapped", holder->mapped);
	snprintf(label, sizeof(label), "%s (PID %d)", holder->name, holder->pid);
	put_text(row, below ? "inode" : "label", label); /* the tree's first column */
}

json_object *listing_row(struct listing *listing, size_t index, bool below)
{
	const struct census_dmabuf *dmabuf = &listing->census.items[listing->shown[index]];
	json_object *row = json_object_new_object(), *holders;

	for (unsigned column = 0; column < HELD_BY; column++)
		if (column == RANGES)
			put_origin_ranges(row, listing->origins[listing->shown[index]]);
		else
			put_fact(listing, row, index, column);
	holders = put_array(row, "holders");
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		fill_holder(add_object(holders), &dmabuf->holders[i], below);
	return row;
}

/* A row's place in the order, and what decides it. */
struct rank {
	unsigned index;
	struct fact fact; /* its text malloc'd */
};

/* What is not known comes first. */
static int compare(const void *a, const void *b)
{
	const struct fact *left = &((const struct rank *)a)->fact;
	const struct fact *right = &((const struct rank *)b)->fact;

	if (left->type != right->type)
		return left->type < right->type ? -1 : 1;
	if (left->type == FACT_TEXT)
		return strcmp(left->text, right->text);
	return left->number < right->number ? -1 : left->number > right->number;
}

int listing_sort(struct listing *listing, unsigned column)
{
	auto_free struct rank *ranks = calloc(listing->shown_count + 1, sizeof(*ranks));
	int rc = 0;

	if (!ranks)
		return -ENOMEM;
	for (unsigned i = 0; i < listing->shown_count; i++) {
		ranks[i].index = listing->shown[i];
		ranks[i].fact = listing_fact(listing, i, column);
		if (ranks[i].fact.type == FACT_TEXT &&
		    !(ranks[i].fact.text = strdup(ranks[i].fact.text)))
			rc = -ENOMEM;
	}
	if (!rc)
		qsort(ranks, listing->shown_count, sizeof(*ranks), compare);
	for (unsigned i = 0; i < listing->shown_count; i++) {
		listing->shown[i] = ranks[i].index;
		if (ranks[i].fact.type == FACT_TEXT)
			free((void *)ranks[i].fact.text);
	}
	return rc;
}
