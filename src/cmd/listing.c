// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context/context.h"
#include "kernel/dmabuf.h"
#include "kernel/sys.h"
#include "ui/value.h"
#include "util/json.h"

/* The exporter of dma-bufs that are BARs (drivers/vfio/pci/vfio_pci_dmabuf.c). */
#define VFIO_EXPORTER "vfio_pci_core"

/* The columns, by place. */
enum {
	INODE,
	SIZE,
	EXPORTER,
	NAME,
	DEVICE,
	BAR,
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

static bool is_wanted(const struct listing_filter *filter, const struct census_dmabuf *dmabuf,
		      const struct origin *origin)
{
	bool held = !filter->holder;

	for (unsigned i = 0; i < dmabuf->holder_count && !held; i++)
		held = !strcmp(dmabuf->holders[i].name, filter->holder);
	return held && (!filter->exporter || !strcmp(dmabuf->exporter, filter->exporter)) &&
	       (!filter->device || !strcmp(origin->device, filter->device)) &&
	       (!filter->pid || holds(dmabuf, filter->pid));
}

static int choose(struct listing *listing, const struct listing_filter *filter)
{
	const struct census *census = &listing->census;

	listing->shown = calloc(census->count + 1, sizeof(*listing->shown));
	if (!listing->shown)
		return -ENOMEM;
	for (unsigned i = 0; i < census->count; i++) {
		struct origin origin = origin_of(listing, &census->items[i]);

		if (is_wanted(filter, &census->items[i], &origin))
			listing->shown[listing->shown_count++] = i;
	}
	return 0;
}

int listing_take(struct listing *listing, const struct listing_filter *filter)
{
	int rc = census_take(&listing->census);

	if (rc)
		return rc;
	note_contexts(listing);
	return choose(listing, filter);
}

void listing_free(struct listing *listing)
{
	census_free(&listing->census);
	free(listing->certainties);
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

static void write_number(struct writer *writer, unsigned number)
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

static struct fact origin_fact(struct listing *listing, const struct census_dmabuf *dmabuf,
			       unsigned column)
{
	struct origin origin = origin_of(listing, dmabuf);

	if (column == BAR)
		return number(origin.bar);
	strcpy(listing->cell, column == DEVICE ? origin.device : origin.source);
	return text(listing->cell);
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
		return origin_fact(listing, dmabuf, column);
	}
}

static void put_fact(json_object *row, const char *key, const struct fact *fact)
{
	if (fact->type == FACT_NUMBER)
		put_number(row, key, fact->number);
	else
		put_bytes(row, key, fact->type == FACT_TEXT ? fact->text : "");
}

static void fill_holder(json_object *row, const struct census_holder *holder, bool below)
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
	put_bytes(row, below ? "inode" : "label", label); /* the tree's first column */
}

json_object *listing_row(struct listing *listing, size_t index, bool below)
{
	const struct census_dmabuf *dmabuf = &listing->census.items[listing->shown[index]];
	json_object *row = json_object_new_object(), *holders;

	for (unsigned column = 0; column < HELD_BY; column++) {
		struct fact fact = listing_fact(listing, index, column);

		put_fact(row, listing_columns[column].key, &fact);
	}
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
