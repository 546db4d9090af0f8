// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/record.h"

#include <errno.h>
#include <event-parse.h>
#include <stddef.h>
#include <string.h>

#include "kernel/library.h"

#define TRACEEVENT_FUNCTIONS(each)                                                  \
	each(tep_alloc) each(tep_free) each(tep_set_loglevel) each(tep_parse_event) \
		each(tep_get_event) each(tep_find_any_field)
LIBRARY("libtraceevent.so.1", TRACEEVENT_FUNCTIONS);

/* What the events of the iommu and dma_buf systems, and our own probes, call their fields. */
static const struct {
	size_t place; /* in struct record_format */
	const char *name;
	bool text;
} fields[] = {
	{ offsetof(struct record_format, pid), "common_pid", false },
	{ offsetof(struct record_format, iova), "iova", false },
	{ offsetof(struct record_format, memory), "paddr", false },
	{ offsetof(struct record_format, size), "size", false },
	{ offsetof(struct record_format, inode), "ino", false },
	{ offsetof(struct record_format, device), "device", true },
	{ offsetof(struct record_format, device), "dev_name", true },
	{ offsetof(struct record_format, exporter), "exp_name", true },
	{ offsetof(struct record_format, ops), "ops", false },
	{ offsetof(struct record_format, callback), "callback", false },
};

#define WINDOW (1 << 0)
#define INODE (1 << 1)
#define BUFFER (1 << 2)
#define DEVICE (1 << 3)
#define OPS (1 << 4)

static const unsigned wanted[RECORD_KINDS] = {
	[RECORD_MAP] = WINDOW,
	[RECORD_UNMAP] = WINDOW,
	[RECORD_DOMAIN] = DEVICE,
	[RECORD_EXPORT] = INODE | BUFFER,
	[RECORD_ATTACH] = INODE | BUFFER | DEVICE,
	[RECORD_DETACH] = INODE | BUFFER | DEVICE,
	[RECORD_PUT] = INODE | BUFFER,
	[RECORD_INVALIDATE] = INODE,
	[RECORD_INVALIDATED] = 0,
	[RECORD_PIN] = INODE,
	[RECORD_PROMISE] = OPS,
};

static void learn_fields(struct record_format *format, struct tep_event *event)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct tep_format_field *field = lib.tep_find_any_field(event, fields[i].name);
		struct record_field *place = (void *)((char *)format + fields[i].place);
		bool dynamic = field && field->flags & TEP_FIELD_IS_DYNAMIC;

		if (!field || dynamic != fields[i].text || field->offset < 0 ||
		    field->offset > UINT16_MAX ||
		    (field->size != sizeof(uint32_t) && field->size != sizeof(uint64_t)))
			continue;
		*place = (struct record_field){ field->offset, field->size };
		if (format->least < (size_t)field->offset + field->size)
			format->least = field->offset + field->size;
	}
}

static bool is_complete(const struct record_format *format, unsigned want)
{
	return format->id && format->pid.size &&
	       (!(want & WINDOW) || (format->iova.size && format->size.size)) &&
	       (!(want & INODE) || format->inode.size) &&
	       (!(want & BUFFER) || (format->size.size && format->exporter.size)) &&
	       (!(want & DEVICE) || format->device.size) &&
	       (!(want & OPS) || (format->ops.size && format->callback.size));
}

int record_learn(struct record_formats *formats, enum record_kind kind, const char *format,
		 size_t size)
{
	struct tep_handle *tep = library_load(&library) ? lib.tep_alloc() : NULL;
	struct record_format learnt = { 0 };
	struct tep_event *event;

	if (!tep)
		return -ENOMEM;
	lib.tep_set_loglevel(TEP_LOG_NONE);
	if (!lib.tep_parse_event(tep, format, size, "") && (event = lib.tep_get_event(tep, 0))) {
		learnt.id = event->id;
		learn_fields(&learnt, event);
	}
	lib.tep_free(tep);
	if (!is_complete(&learnt, wanted[kind]))
		return -EINVAL;
	formats->of[kind] = learnt;
	return 0;
}

static uint64_t number(const void *data, struct record_field field)
{
	uint64_t wide;
	uint32_t narrow;

	if (!field.size)
		return 0;
	if (field.size == sizeof(wide)) {
		memcpy(&wide, (const char *)data + field.offset, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, (const char *)data + field.offset, sizeof(narrow));
	return narrow;
}

/* A field of text holds where the text is: its offset below, its length above. */
static void text(const char *data, size_t size, struct record_field field, char *to, size_t room)
{
	uint32_t at = number(data, field);
	size_t offset = at & 0xffff, length = at >> 16;

	if (offset + length > size)
		length = 0;
	if (length >= room)
		length = room - 1;
	memcpy(to, data + offset, length);
	to[length] = '\0';
}

/* Without ops there is no callback to be read. */
static enum record_promise promise(const void *data, const struct record_format *format)
{
	if (!format->ops.size)
		return PROMISE_UNKNOWN;
	if (!number(data, format->ops))
		return PROMISE_STATIC;
	return number(data, format->callback) ? PROMISE_LETS_GO : PROMISE_DEAF;
}

bool record_decode(const struct record_formats *formats, const void *data, size_t size,
		   struct record *record)
{
	const struct record_format *format = formats->of;
	uint16_t id;

	if (size < sizeof(id))
		return false;
	memcpy(&id, data, sizeof(id)); /* common_type, first in all of them */
	while (format < formats->of + RECORD_KINDS && (!format->id || format->id != id))
		format++;
	if (format == formats->of + RECORD_KINDS || size < format->least)
		return false;
	record->kind = format - formats->of;
	record->pid = number(data, format->pid);
	record->size = number(data, format->size);
	record->iova = (struct range){ number(data, format->iova), record->size };
	record->memory = number(data, format->memory);
	record->inode = number(data, format->inode);
	record->promise = promise(data, format);
	*record->device = *record->exporter = '\0';
	if (format->device.size)
		text(data, size, format->device, record->device, sizeof(record->device));
	if (format->exporter.size)
		text(data, size, format->exporter, record->exporter, sizeof(record->exporter));
	return true;
}

/* A page of a ring, and what it is full of: the kernel's include/linux/ring_buffer.h. */
struct page {
	uint64_t time;
	unsigned long used; /* bytes of entries, and flags above them */
	char entries[];
};

#define USED_MASK ((1ul << 30) - 1)
#define MISSED (1ul << 31)

struct entry {
	uint32_t type : 5, delta : 27;
	uint32_t data[];
};

#define DELTA_BITS 27
#define ABSOLUTE_BITS 59 /* of a time that is not told by what has passed */

enum {
	ENTRY_LONG, /* a record whose length comes first, and counts itself; up to 28, its words */
	ENTRY_PADDING = 29,
	ENTRY_TIME_EXTEND,
	ENTRY_TIME,
};

/* Without the entry itself. The padding at the end of a page has none. */
static size_t length_of(const struct entry *entry)
{
	if (entry->type == ENTRY_LONG || entry->type == ENTRY_PADDING)
		return entry->data[0];
	return entry->type < ENTRY_PADDING ? entry->type * sizeof(uint32_t) : sizeof(uint32_t);
}

static uint64_t time_of(const struct entry *entry, uint64_t before)
{
	uint64_t wide = (uint64_t)entry->data[0] << DELTA_BITS | entry->delta;

	switch (entry->type) {
	case ENTRY_PADDING:
		return before;
	case ENTRY_TIME_EXTEND:
		return before + wide;
	case ENTRY_TIME:
		return before >> ABSOLUTE_BITS << ABSOLUTE_BITS | wide;
	default:
		return before + entry->delta;
	}
}

void record_walk(const struct record_formats *formats, const void *bytes, bool *gap,
		 void (*visit)(const struct record *record, void *data), void *data)
{
	const struct page *page = bytes;
	const char *at = page->entries, *end = at + (page->used & USED_MASK);
	struct record record = { .time = page->time };

	*gap |= (page->used & MISSED) != 0;
	while (at < end) {
		const struct entry *entry = (const void *)at;
		size_t length = length_of(entry), skip = entry->type == ENTRY_LONG;

		if (entry->type == ENTRY_PADDING && !entry->delta)
			return;
		at += sizeof(*entry) + length;
		record.time = time_of(entry, record.time);
		record.gap = *gap;
		if (entry->type >= ENTRY_PADDING ||
		    !record_decode(formats, entry->data + skip, length - skip * sizeof(uint32_t),
				   &record))
			continue;
		visit(&record, data);
		*gap = false;
	}
}
