// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <tracefs.h>

#include "kernel/btf.h"
#include "kernel/library.h"

#define TRACEFS_FUNCTIONS(each) each(tracefs_instance_file_append) each(tracefs_event_file_exists)
LIBRARY("libtracefs.so.1", TRACEFS_FUNCTIONS);

enum member {
	BUFFER_SIZE,
	BUFFER_FILE,
	BUFFER_EXPORTER,
	ATTACHMENT_BUFFER,
	ATTACHMENT_DEVICE,
	OPS_INVALIDATE, /* is there from Linux 7.0 on */
	OPS_MOVE,	/* is there before */
	FILE_INODE,
	FILE_BUFFER,
	INODE_NUMBER,
	DEVICE_OBJECT,
	OBJECT_NAME,
	MEMBERS,
};

struct probe_offsets {
	struct btf_member_offset of[MEMBERS];
};

static const char *const names[RECORD_KINDS] = {
	[RECORD_EXPORT] = "export",
	[RECORD_ATTACH] = "attach",
	[RECORD_DETACH] = "detach",
	[RECORD_PUT] = "put",
	[RECORD_INVALIDATE] = "invalidate",
	[RECORD_INVALIDATED] = "invalidated",
	[RECORD_PIN] = "pin",
	[RECORD_PROMISE] = "promise",
};

const char *probe_name(enum record_kind kind)
{
	return names[kind];
}

struct probe_offsets *probe_offsets_new(void)
{
	static const struct probe_offsets wanted = { {
		[BUFFER_SIZE] = { "dma_buf", "size", -1 },
		[BUFFER_FILE] = { "dma_buf", "file", -1 },
		[BUFFER_EXPORTER] = { "dma_buf", "exp_name", -1 },
		[ATTACHMENT_BUFFER] = { "dma_buf_attachment", "dmabuf", -1 },
		[ATTACHMENT_DEVICE] = { "dma_buf_attachment", "dev", -1 },
		[OPS_INVALIDATE] = { "dma_buf_attach_ops", "invalidate_mappings", -1 },
		[OPS_MOVE] = { "dma_buf_attach_ops", "move_notify", -1 },
		[FILE_INODE] = { "file", "f_inode", -1 },
		[FILE_BUFFER] = { "file", "private_data", -1 },
		[INODE_NUMBER] = { "inode", "i_ino", -1 },
		[DEVICE_OBJECT] = { "device", "kobj", -1 },
		[OBJECT_NAME] = { "kobject", "name", -1 },
	} };
	struct probe_offsets *offsets = malloc(sizeof(*offsets));

	if (!offsets)
		return NULL;
	*offsets = wanted;
	if (!btf_find_members(offsets->of, MEMBERS))
		return offsets;
	free(offsets);
	return NULL;
}

/* Arguments in tracefs's language: +N(X) is what lies N bytes behind the address X. */
struct arguments {
	const struct probe_offsets *offsets;
	char text[320];
	size_t used;
	bool complete; /* all the members were there */
};

static int at(struct arguments *arguments, enum member member)
{
	int offset = arguments->offsets->of[member].offset;

	if (offset < 0)
		arguments->complete = false;
	return offset;
}

static void __attribute__((format(printf, 2, 3)))
add(struct arguments *arguments, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	arguments->used += vsnprintf(arguments->text + arguments->used,
				     sizeof(arguments->text) - arguments->used, format, values);
	va_end(values);
}

static void add_inode(struct arguments *arguments, const char *buffer)
{
	add(arguments, " ino=+%d(+%d(+%d(%s))):u64", at(arguments, INODE_NUMBER),
	    at(arguments, FILE_INODE), at(arguments, BUFFER_FILE), buffer);
}

static void add_buffer(struct arguments *arguments, const char *buffer)
{
	add_inode(arguments, buffer);
	add(arguments, " size=+%d(%s):u64 exp_name=+0(+%d(%s)):string", at(arguments, BUFFER_SIZE),
	    buffer, at(arguments, BUFFER_EXPORTER), buffer);
}

static void add_device(struct arguments *arguments, const char *attachment)
{
	add(arguments, " dev_name=+0(+%d(+%d(%s))):string",
	    at(arguments, DEVICE_OBJECT) + at(arguments, OBJECT_NAME),
	    at(arguments, ATTACHMENT_DEVICE), attachment);
}

/* What a pointer in an argument points to, as the buffer of add_buffer(). */
static const char *through(struct arguments *arguments, enum member member, const char *pointer,
			   char room[32])
{
	snprintf(room, 32, "+%d(%s)", at(arguments, member), pointer);
	return room;
}

/* drivers/dma-buf/dma-buf.c: the function, and at its entry (p) or return (r) what is known. */
static const char *describe(struct arguments *arguments, enum record_kind kind)
{
	bool invalidates = arguments->offsets->of[OPS_INVALIDATE].offset >= 0;
	char room[32];

	switch (kind) {
	case RECORD_EXPORT:
		add_buffer(arguments, "$retval");
		return "r:dma_buf_export";
	case RECORD_ATTACH:
		add_buffer(arguments, through(arguments, ATTACHMENT_BUFFER, "$retval", room));
		add_device(arguments, "$retval");
		return "r:dma_buf_dynamic_attach";
	case RECORD_DETACH:
		add_buffer(arguments, "$arg1");
		add_device(arguments, "$arg2");
		return "p:dma_buf_detach";
	case RECORD_PUT: /* the file's release: nobody refers to it any more */
		add_buffer(arguments, through(arguments, FILE_BUFFER, "$arg2", room));
		return "p:dma_buf_file_release";
	case RECORD_INVALIDATE:
		add_inode(arguments, "$arg1");
		return invalidates ? "p:dma_buf_invalidate_mappings" : "p:dma_buf_move_notify";
	case RECORD_INVALIDATED:
		return invalidates ? "r:dma_buf_invalidate_mappings" : "r:dma_buf_move_notify";
	case RECORD_PIN:
		add_inode(arguments, through(arguments, ATTACHMENT_BUFFER, "$arg1", room));
		return "p:dma_buf_pin";
	case RECORD_PROMISE:
		add(arguments, " ops=$arg3:u64 callback=+%d($arg3):u64",
		    at(arguments, invalidates ? OPS_INVALIDATE : OPS_MOVE));
		return "p:dma_buf_dynamic_attach";
	default:
		return NULL;
	}
}

static int write_probe(const char *line)
{
	if (!library_load(&library))
		return -ELIBACC;
	errno = 0;
	if (lib.tracefs_instance_file_append(NULL, "kprobe_events", line) >= 0)
		return 0;
	return errno ? -errno : -EIO;
}

int probe_add(const struct probe_offsets *offsets, enum record_kind kind)
{
	struct arguments arguments = { .offsets = offsets, .complete = true };
	const char *where = describe(&arguments, kind);
	char line[512];
	int rc;

	if (!where || !arguments.complete)
		return -EOPNOTSUPP;
	snprintf(line, sizeof(line), "%c:" PROBE_SYSTEM "/%s %s%s\n", *where, names[kind],
		 where + 2, arguments.text);
	rc = write_probe(line);
	return rc == -EEXIST ? 0 : rc;
}

void probe_remove_unused(void)
{
	char line[64];

	for (int kind = 0; library_load(&library) && kind < RECORD_KINDS; kind++) {
		if (!names[kind] ||
		    !lib.tracefs_event_file_exists(NULL, PROBE_SYSTEM, names[kind], "format"))
			continue;
		snprintf(line, sizeof(line), "-:" PROBE_SYSTEM "/%s\n", names[kind]);
		write_probe(line);
	}
}
