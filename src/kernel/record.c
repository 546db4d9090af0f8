// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/record.h"

#include <errno.h>
#include <event-parse.h>
#include <kbuffer.h>
#include <stddef.h>
#include <string.h>

#include "kernel/library.h"

#define TRACEEVENT_FUNCTIONS(each)                                                   \
	each(tep_alloc) each(tep_free) each(tep_set_loglevel) each(tep_parse_event)  \
		each(tep_get_event) each(tep_find_any_field) each(kbuffer_alloc)     \
			each(kbuffer_free) each(kbuffer_load_subbuffer)              \
				each(kbuffer_missed_events) each(kbuffer_read_event) \
					each(kbuffer_next_event) each(kbuffer_event_size)
LIBRARY("libtraceevent.so.1", TRACEEVENT_FUNCTIONS);

/* What the events of the iommu and dma_buf systems, and our own probes, call their fields. */
static const struct {
	size_t place; /* in struct record_format */
	const char *name;
	bool text;
} fields[] = {
	{ offsetof(struct record_format, pid), "common_pid", false },
	{ offsetof(struct record_format, iova), "iova", false },
	{ offsetof(struct record_format, size), "size", false },
	{ offsetof(struct record_format, inode), "ino", false },
	{ offsetof(struct record_format, device), "device", true },
	{ offsetof(struct record_format, device), "dev_name", true },
	{ offsetof(struct record_format, exporter), "exp_name", true },
};

#define WINDOW (1 << 0)
#define INODE (1 << 1)
#define BUFFER (1 << 2)
#define DEVICE (1 << 3)

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
	}
}

static bool is_complete(const struct record_format *format, unsigned want)
{
	return format->id && format->pid.size &&
	       (!(want & WINDOW) || (format->iova.size && format->size.size)) &&
	       (!(want & INODE) || format->inode.size) &&
	       (!(want & BUFFER) || (format->size.size && format->exporter.size)) &&
	       (!(want & DEVICE) || format->device.size);
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

static uint64_t number(const void *data, size_t size, struct record_field field)
{
	uint64_t wide;
	uint32_t narrow;

	if (!field.size || (size_t)field.offset + field.size > size)
		return 0;
	if (field.size == sizeof(wide)) {
		memcpy(&wide, (const char *)data + field.offset, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, (const char *)data + field.offset, sizeof(narrow));
	return narrow;
}

/* A field of text holds where the text is: its offset below, its length above. */
static void text(const void *data, size_t size, struct record_field field, char *to, size_t room)
{
	size_t offset, length;
	uint32_t at;

	*to = '\0';
	if (!field.size)
		return;
	at = number(data, size, field);
	offset = at & 0xffff;
	length = at >> 16;
	if (offset + length > size)
		return;
	length = strnlen((const char *)data + offset, length);
	length = length < room ? length : room - 1;
	memcpy(to, (const char *)data + offset, length);
	to[length] = '\0';
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
	if (format == formats->of + RECORD_KINDS ||
	    (size_t)format->pid.offset + format->pid.size > size)
		return false;
	record->kind = format - formats->of;
	record->pid = number(data, size, format->pid);
	record->iova.offset = number(data, size, format->iova);
	record->size = number(data, size, format->size);
	record->iova.length = record->size;
	record->inode = number(data, size, format->inode);
	text(data, size, format->device, record->device, sizeof(record->device));
	text(data, size, format->exporter, record->exporter, sizeof(record->exporter));
	return true;
}

struct kbuffer *record_walker_new(void)
{
	return library_load(&library) ?
		       lib.kbuffer_alloc(KBUFFER_LSIZE_SAME_AS_HOST, KBUFFER_ENDIAN_SAME_AS_HOST) :
		       NULL;
}

void record_walker_free(struct kbuffer *walker)
{
	if (walker)
		lib.kbuffer_free(walker);
}

void record_walk(const struct record_formats *formats, struct kbuffer *walker, void *page,
		 bool *gap, void (*visit)(const struct record *record, void *data), void *data)
{
	struct record record;
	unsigned long long time;
	void *bytes;

	if (lib.kbuffer_load_subbuffer(walker, page))
		return;
	*gap |= lib.kbuffer_missed_events(walker) != 0;
	for (bytes = lib.kbuffer_read_event(walker, &time); bytes;
	     bytes = lib.kbuffer_next_event(walker, &time)) {
		record.time = time;
		record.gap = *gap;
		if (!record_decode(formats, bytes, lib.kbuffer_event_size(walker), &record))
			continue;
		visit(&record, data);
		*gap = false;
	}
}
