// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/listing_row.h"

#include <stdio.h>

#include "cmd/shared/kernel_rows.h"
#include "ui/value.h"
#include "util/json.h"
#include "util/range.h"

/* The columns, by position. */
enum {
	INODE,
	SIZE,
	EXPORTER,
	NAME,
	DEVICE,
	BAR,
	RANGES,
	ORIGIN,
	STATE,
	REFERENCES,
	ATTACHMENTS,
	ATTACHED,
	PROMISES,
	UNEXPLAINED,
	IN_FLIGHT,
	HELD_BY,
	MAPPED_AT,
	ATTRIBUTES
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
		     "how the device is known: a context, the kernel's record, or deduced" },
	[STATE] = { "STATE", "state", COLUMN_TEXT, "usable, or revoked" },
	[REFERENCES] = { "REFS", "references", COLUMN_NUMBER | COLUMN_VERBOSE, "to its file" },
	[ATTACHMENTS] = { "ATTACHED", "attachments", COLUMN_NUMBER, "importing devices" },
	[ATTACHED] = { "TO", "attached", COLUMN_TEXT | COLUMN_VERBOSE, "their names" },
	[PROMISES] = { "PROMISES", "promises", COLUMN_TEXT | COLUMN_VERBOSE,
		       "of their importers: lets-go, pinned, plain" },
	[UNEXPLAINED] = { "KERNEL", "unexplained", COLUMN_NUMBER,
			  "references that no process explains" },
	[IN_FLIGHT] = { "IN-FLIGHT", "in_flight", COLUMN_NUMBER | COLUMN_VERBOSE,
			"of those, more than there are attachments: fds in sockets, as a rule" },
	[HELD_BY] = { "HOLDERS", "held_by", COLUMN_TEXT,
		      "command(PID):fds, and map for a mapping" },
	[MAPPED_AT] = { "MAPPED-AT", "mapped_at", COLUMN_TEXT,
			"command(PID):IOAS@IOVA+length, in iommufd contexts" },
	[ATTRIBUTES] = { 0 },
};

static struct attribute number(long value)
{
	return (struct attribute){ .type = value < 0 ? ATTRIBUTE_NONE : ATTRIBUTE_NUMBER,
				   .number = value };
}

static struct attribute text(const char *text)
{
	return (struct attribute){ .type = text && *text ? ATTRIBUTE_TEXT : ATTRIBUTE_NONE,
				   .text = text };
}

/* References that no process explains are importers' or under way in a socket; -1: not known. */
static long unexplained(const struct listing *listing, const struct inventory_dmabuf *dmabuf)
{
	long left = dmabuf->references;

	if (left < 0 || listing->inventory.unseen)
		return -1;
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		left -= dmabuf->holders[i].fd_count + dmabuf->holders[i].maps;
	return left < 0 ? 0 : left;
}

static long in_flight(const struct listing *listing, const struct inventory_dmabuf *dmabuf)
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

static void write_holder(struct writer *writer, const struct inventory_holder *holder)
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
static struct attribute held_by(struct listing *listing, const struct inventory_dmabuf *dmabuf)
{
	struct writer writer = { listing->cell, listing->cell + sizeof(listing->cell) - 1 };

	*listing->cell = '\0';
	for (unsigned i = 0; i < dmabuf->holder_count; i++) {
		write_text(&writer, i ? " " : "");
		write_holder(&writer, &dmabuf->holders[i]);
	}
	return text(listing->cell);
}

/* "qemu(7):3@0x10000+16M", what fits of it. */
static struct attribute mapped_at(struct listing *listing, const struct inventory_dmabuf *dmabuf)
{
	struct writer writer = { listing->cell, listing->cell + sizeof(listing->cell) - 1 };

	*listing->cell = '\0';
	for (unsigned i = 0; i < dmabuf->mapped_count; i++) {
		const struct inventory_mapping *mapping = dmabuf->mapped[i].mapping;
		const struct inventory_user *user = inventory_user_of(&dmabuf->mapped[i]);
		char range[RANGE_TEXT];

		write_text(&writer, i ? " " : "");
		write_text(&writer, user ? user->name : "?");
		write_text(&writer, "(");
		write_number(&writer, user ? user->pid : 0);
		write_text(&writer, "):");
		write_number(&writer, mapping->ioas);
		write_text(&writer, "@");
		range_format(&mapping->addresses, range);
		write_text(&writer, range);
	}
	return text(listing->cell);
}

/* "0x0+16M,0x4000000+1M", what fits of it. */
static struct attribute ranges_of(struct listing *listing, const struct origin *origin)
{
	struct writer writer = { listing->cell, listing->cell + sizeof(listing->cell) - 1 };

	*listing->cell = '\0';
	for (unsigned i = 0; i < origin->range_count; i++) {
		char range[RANGE_TEXT];

		range_format(&origin->ranges[i], range);
		write_text(&writer, i ? "," : "");
		write_text(&writer, range);
	}
	return text(listing->cell);
}

static struct attribute origin_attribute(struct listing *listing, unsigned index, unsigned column)
{
	const struct origin *origin = listing->origins.items[index];

	if (!origin)
		return (struct attribute){ .type = ATTRIBUTE_NONE };
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

struct attribute listing_attribute(void *state, size_t row, unsigned column)
{
	struct listing *listing = state;
	const struct inventory_dmabuf *dmabuf = &listing->inventory.items[listing->shown[row]];

	switch (column) {
	case INODE:
		return number(dmabuf->inode);
	case SIZE:
		return number(dmabuf->size ? (long)dmabuf->size : -1);
	case EXPORTER:
		return text(dmabuf->exporter);
	case NAME:
		return text(dmabuf->name);
	case STATE:
		return text(kernel_exporter_state(dmabuf));
	case MAPPED_AT:
		return mapped_at(listing, dmabuf);
	case REFERENCES:
		return number(dmabuf->references);
	case ATTACHMENTS:
		return number(dmabuf->attachments);
	case ATTACHED:
		return text(dmabuf->attached);
	case PROMISES:
		return text(dmabuf->promises);
	case UNEXPLAINED:
		return number(unexplained(listing, dmabuf));
	case IN_FLIGHT:
		return number(in_flight(listing, dmabuf));
	case HELD_BY:
		return held_by(listing, dmabuf);
	default:
		return origin_attribute(listing, listing->shown[row], column);
	}
}

static void put_attribute(struct listing *listing, json_object *row, size_t index, unsigned column)
{
	const char *key = listing_columns[column].key;
	struct attribute attribute = listing_attribute(listing, index, column);

	if (attribute.type == ATTRIBUTE_NUMBER)
		json_put_number(row, key, attribute.number);
	else
		json_put_text(row, key, attribute.type == ATTRIBUTE_TEXT ? attribute.text : "");
}

/* null: not known */
static void put_origin_ranges(json_object *row, const struct origin *origin)
{
	const char *key = listing_columns[RANGES].key;

	if (origin && origin->range_count)
		object_put_ranges(row, key, origin->ranges, origin->range_count);
	else
		json_put_text(row, key, NULL);
}

/* The tree's first column. */
static void put_branch(json_object *row, const char *text)
{
	json_put_text(row, "inode", text);
}

static void fill_holder(json_object *row, const struct inventory_holder *holder, bool below)
{
	json_object *fds;
	char label[64];

	json_put_number(row, "pid", holder->pid);
	json_put_text(row, "command", holder->name);
	fds = json_put_array(row, "fds");
	for (unsigned i = 0; i < holder->fd_count; i++)
		json_object_array_add(fds, json_object_new_int(holder->fds[i]));
	json_put_number(row, "maps", holder->maps);
	json_put_number(row, "mapped", holder->mapped);
	snprintf(label, sizeof(label), "%s (PID %d)", holder->name, holder->pid);
	if (below)
		put_branch(row, label);
	else
		json_put_text(row, "label", label);
}

static void fill_mapping(json_object *row, const struct inventory_dmabuf *dmabuf,
			 const struct inventory_mapped *mapped, bool below)
{
	const struct inventory_user *user = inventory_user_of(mapped);
	char label[64];

	fill_kernel_mapping(row, dmabuf, mapped);
	if (!below)
		return;
	snprintf(label, sizeof(label), "IOAS %u of %s (PID %d)", mapped->mapping->ioas,
		 user ? user->name : "nobody", user ? user->pid : 0);
	put_branch(row, label);
}

json_object *listing_row(struct listing *listing, size_t index, bool below)
{
	const struct inventory_dmabuf *dmabuf = &listing->inventory.items[listing->shown[index]];
	json_object *row = json_object_new_object(), *holders, *mappings;

	for (unsigned column = 0; column < HELD_BY; column++)
		if (column == RANGES)
			put_origin_ranges(row, listing->origins.items[listing->shown[index]]);
		else
			put_attribute(listing, row, index, column);
	holders = json_put_array(row, below ? "below" : "holders");
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		fill_holder(add_object(holders), &dmabuf->holders[i], below);
	mappings = below ? holders : json_put_array(row, "mappings");
	for (unsigned i = 0; i < dmabuf->mapped_count; i++)
		fill_mapping(add_object(mappings), dmabuf, &dmabuf->mapped[i], below);
	return row;
}
