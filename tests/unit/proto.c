// SPDX-License-Identifier: GPL-2.0-only
/* Messages to and from a holder: what is well-formed, and lists of objects in one message. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context/proto.h"
#include "tests/unit/check.h"

#define HEAD sizeof(struct proto_message)

static int ends[2];

/* What becomes of the first bytes of a message. */
static int received(const struct proto_message *sent, size_t size, struct proto_message *got)
{
	int fd;

	if (send(ends[0], sent, size, 0) != (ssize_t)size)
		return -errno;
	return proto_receive(ends[1], got, &fd);
}

static void set_text(struct proto_message *message, size_t length)
{
	memset(message->attributes, 'x', length);
	message->attributes[length] = '\0';
	message->attributes_size = length + 1;
}

static void check_form(struct proto_message *message, struct proto_message *got)
{
	*message = (struct proto_message){ .op = PROTO_GET, .kind = 4, .name = "fb" };
	check(!received(message, HEAD, got) && !memcmp(message, got, HEAD), "no attributes");
	check(received(message, HEAD - 1, got) == -EPROTO, "no whole head");
	check(received(message, HEAD + 1, got) == -EPROTO, "a byte too much");
	set_text(message, 7);
	check(!received(message, HEAD + 8, got) && !memcmp(message, got, HEAD + 8), "attributes");
	check(received(message, HEAD + 7, got) == -EPROTO, "attributes that are cut");
	message->attributes[7] = 'x';
	check(received(message, HEAD + 8, got) == -EPROTO, "attributes without an end");
	set_text(message, PROTO_ATTRIBUTES_MAX - 1);
	check(!received(message, HEAD + PROTO_ATTRIBUTES_MAX, got), "the longest attributes");
	set_text(message, PROTO_ATTRIBUTES_MAX);
	check(received(message, HEAD + PROTO_ATTRIBUTES_MAX + 1, got) == -EPROTO, "a byte longer");
	message->attributes_size = 0;
	memset(message->name, 'x', PROTO_NAME_SIZE - 1);
	check(!received(message, HEAD, got), "the longest name");
	message->name[PROTO_NAME_SIZE - 1] = 'x';
	check(received(message, HEAD, got) == -EPROTO, "a name without an end");
	*message = (struct proto_message){ .op = PROTO_OPS - 1 };
	check(!received(message, HEAD, got), "the last of the operations");
	message->op = PROTO_OPS;
	check(received(message, HEAD, got) == -EPROTO, "none of them");
}

static void check_list(struct proto_message *message)
{
	const struct proto_entry *entry;
	unsigned count = 0, wrong = 0;
	size_t at = 0;
	char text[8];

	*message = (struct proto_message){ .op = PROTO_OBJECTS };
	do
		snprintf(text, sizeof(text), "%u", count);
	while (count < 100000 && proto_append(message, count, text, text) && ++count);
	check(count > 1000 && message->attributes_size <= PROTO_ROOM, "a message holds %u objects",
	      count);
	for (unsigned i = 0; (entry = proto_next(message, &at)); i++) {
		snprintf(text, sizeof(text), "%u", i);
		wrong += entry->kind != i || strcmp(entry->name, text) ||
			 strcmp(entry->attributes, text) ||
			 entry->attributes_size != strlen(text) + 1 || (uintptr_t)entry % 4;
		count--;
	}
	check(!count && !wrong && at == message->attributes_size, "each of them is read as it was");
}

/* One entry, of which a byte is wrong. */
static void check_entries(struct proto_message *message)
{
	struct proto_entry *entry = (void *)message->attributes;
	char *attributes = malloc(PROTO_ATTRIBUTES_MAX);
	size_t at, whole;

	memset(attributes, 'x', PROTO_ATTRIBUTES_MAX - 1);
	attributes[PROTO_ATTRIBUTES_MAX - 1] = '\0';
	*message = (struct proto_message){ .op = PROTO_OBJECTS };
	check(proto_append(message, 4, "fb", attributes) && proto_next(message, &(size_t){ 0 }),
	      "the largest object has room");
	check(!proto_append(message, 4, "fb", ""), "beside it nothing has");
	free(attributes);
	*message = (struct proto_message){ .op = PROTO_OBJECTS };
	proto_append(message, 4, "fb", "{}");
	whole = message->attributes_size;
	for (message->attributes_size = 0; message->attributes_size < whole;
	     message->attributes_size++) {
		at = 0;
		if (proto_next(message, &at) || at)
			check(false, "one that is cut to %u bytes", message->attributes_size);
	}
	entry->attributes[2] = 'x';
	check(!proto_next(message, &(size_t){ 0 }), "attributes without an end");
	entry->attributes[2] = '\0';
	for (uint32_t size = 3; size; size = size == 3 ? 5 : size == 5 ? UINT32_MAX : 0) {
		entry->attributes_size = size;
		check(!proto_next(message, &(size_t){ 0 }) == (size != 3), "attributes of %u bytes",
		      size);
	}
	entry->attributes_size = 0;
	check(!proto_next(message, &(size_t){ 0 }), "no attributes");
	entry->attributes_size = 3;
	memset(entry->name, 'x', sizeof(entry->name));
	check(!proto_next(message, &(size_t){ 0 }), "a name without an end");
}

int main(void)
{
	struct proto_message *message = proto_new(), *got = proto_new();

	if (!message || !got || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends))
		return 1;
	check(proto_receive(ends[1], got, &(int){ 0 }) == -EAGAIN, "no message");
	check_form(message, got);
	check_list(message);
	check_entries(message);
	close(ends[0]);
	check(proto_receive(ends[1], got, &(int){ 0 }) == -ECONNRESET, "the other side is gone");
	free(message);
	free(got);
	return check_plan();
}
