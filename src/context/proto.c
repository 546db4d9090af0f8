// SPDX-License-Identifier: GPL-2.0-only
#include "context/proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/passing.h"
#include "kernel/sys.h"

static const char *const op_names[] = {
	[PROTO_HELLO] = "HOLDER_HELLO",	    [PROTO_LIST] = "HOLDER_LIST",
	[PROTO_GET] = "HOLDER_GET",	    [PROTO_PUT] = "HOLDER_PUT",
	[PROTO_DELETE] = "HOLDER_DELETE",   [PROTO_BYE] = "HOLDER_BYE",
	[PROTO_STOP] = "HOLDER_STOP",	    [PROTO_OBJECT] = "HOLDER_OBJECT",
	[PROTO_OBJECTS] = "HOLDER_OBJECTS", [PROTO_OK] = "HOLDER_OK",
	[PROTO_PUT_ALL] = "HOLDER_PUT_ALL", [PROTO_DELETE_ALL] = "HOLDER_DELETE_ALL",
};

struct proto_message *proto_new(void)
{
	return calloc(1, sizeof(struct proto_message) + PROTO_ROOM);
}

int proto_send(int socket, const struct proto_message *message, int fd)
{
	return pass_send(socket, op_names[message->op], message,
			 sizeof(*message) + message->attributes_size, fd);
}

static bool is_text(const char *text, size_t size)
{
	return size && !text[size - 1];
}

static bool has_many(const struct proto_message *message)
{
	return message->op == PROTO_OBJECTS || message->op == PROTO_PUT_ALL ||
	       message->op == PROTO_DELETE_ALL;
}

static bool is_well_formed(const struct proto_message *message, size_t size)
{
	if (size < sizeof(*message) || message->op >= PROTO_OPS ||
	    size - sizeof(*message) != message->attributes_size ||
	    !memchr(message->name, '\0', sizeof(message->name)))
		return false;
	return has_many(message) || !message->attributes_size ||
	       (message->attributes_size <= PROTO_ATTRIBUTES_MAX &&
		is_text(message->attributes, message->attributes_size));
}

int proto_receive(int socket, struct proto_message *message, int *fd)
{
	ssize_t got =
		pass_receive(socket, "HOLDER_MESSAGE", message, sizeof(*message) + PROTO_ROOM, fd);

	if (got < 0)
		return got;
	if (!got)
		return -ECONNRESET;
	if (is_well_formed(message, got))
		return 0;
	if (*fd >= 0)
		sys_close(*fd);
	*fd = -1;
	return -EPROTO;
}

/* What an entry takes up, which keeps the next one's numbers aligned. */
static size_t entry_size(size_t attributes_size)
{
	return (sizeof(struct proto_entry) + attributes_size + 3) & ~(size_t)3;
}

bool proto_append(struct proto_message *message, uint32_t kind, const char *name,
		  const char *attributes)
{
	struct proto_entry *entry = (void *)(message->attributes + message->attributes_size);
	size_t attributes_size = strlen(attributes) + 1, size = entry_size(attributes_size);

	if (size > PROTO_ROOM - message->attributes_size)
		return false;
	memset(entry, 0, size);
	entry->kind = kind;
	entry->attributes_size = attributes_size;
	memcpy(entry->name, name, strnlen(name, sizeof(entry->name) - 1));
	memcpy(entry->attributes, attributes, attributes_size);
	message->attributes_size += size;
	return true;
}

const struct proto_entry *proto_next(const struct proto_message *message, size_t *at)
{
	const struct proto_entry *entry = (const void *)(message->attributes + *at);
	size_t left = message->attributes_size - *at;

	if (left < sizeof(*entry) || entry->attributes_size > left - sizeof(*entry) ||
	    entry_size(entry->attributes_size) > left ||
	    !is_text(entry->attributes, entry->attributes_size) ||
	    !memchr(entry->name, '\0', sizeof(entry->name)))
		return NULL;
	*at += entry_size(entry->attributes_size);
	return entry;
}
