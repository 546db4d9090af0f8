// SPDX-License-Identifier: GPL-2.0-only
/*
 * The holder of a context: keeps (kind, name, facts, fd) and hands them out, one client at a
 * time. It runs as a program of its own, so that its memory is its own too, with the
 * listening socket as standard input and the socket's path as its argument.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context/proto.h"

struct item {
	struct item *next;
	uint32_t kind;
	int fd;
	char *facts;
	char name[PROTO_NAME_SIZE];
};

static struct item *items; /* newest first: also the order in which they are closed */
static bool client_was_killed;

static struct item **find(const struct proto_message *request)
{
	struct item **place = &items;

	while (*place && ((*place)->kind != request->kind || strcmp((*place)->name, request->name)))
		place = &(*place)->next;
	return place;
}

static void drop(struct item **place)
{
	struct item *item = *place;

	*place = item->next;
	if (item->fd >= 0)
		close(item->fd);
	free(item->facts);
	free(item);
}

static int reply_status(int client, uint32_t status)
{
	const struct proto_message reply = { .op = PROTO_OK, .status = status };

	return proto_send(client, &reply, -1);
}

static int reply_item(int client, struct proto_message *buffer, const struct item *item, int fd)
{
	buffer->op = PROTO_OBJECT;
	buffer->kind = item->kind;
	buffer->status = 0;
	memcpy(buffer->name, item->name, sizeof(buffer->name));
	buffer->facts_size = strlen(item->facts) + 1;
	memcpy(buffer->facts, item->facts, buffer->facts_size);
	return proto_send(client, buffer, fd);
}

/* Oldest first, so that a reader sees them in the order in which they were made. */
static int list_from(int client, struct proto_message *buffer, const struct item *item)
{
	int rc;

	if (!item)
		return 0;
	rc = list_from(client, buffer, item->next);
	return rc ? rc : reply_item(client, buffer, item, -1);
}

/* Takes the fd. */
static int put(const struct proto_message *request, int fd)
{
	struct item **place = find(request);
	char *facts = strdup(request->facts_size ? request->facts : "{}");
	struct item *item = *place;

	if (item && facts) {
		free(item->facts);
		item->facts = facts;
		if (fd >= 0) {
			close(item->fd);
			item->fd = fd;
		}
		return 0;
	}
	item = calloc(1, sizeof(*item));
	if (!item || !facts) {
		free(item);
		free(facts);
		if (fd >= 0)
			close(fd);
		return ENOMEM;
	}
	item->kind = request->kind;
	item->fd = fd;
	item->facts = facts;
	memcpy(item->name, request->name, sizeof(item->name));
	item->next = items;
	items = item;
	return 0;
}

static int answer(int client, struct proto_message *request, int fd)
{
	struct item **place;
	int rc;

	switch (request->op) {
	case PROTO_HELLO:
		request->op = PROTO_OK;
		request->kind = getpid();
		request->status = client_was_killed;
		request->facts_size = 0;
		return proto_send(client, request, -1);
	case PROTO_LIST:
		rc = list_from(client, request, items);
		return rc ? rc : reply_status(client, 0);
	case PROTO_GET:
		place = find(request);
		return *place ? reply_item(client, request, *place, (*place)->fd) :
				reply_status(client, ENOENT);
	case PROTO_PUT:
		return reply_status(client, put(request, fd));
	case PROTO_DELETE:
		place = find(request);
		if (*place)
			drop(place);
		return reply_status(client, 0);
	default:
		return reply_status(client, EPROTO);
	}
}

/* Serves until the client goes; false when it wants the holder to end. */
static bool serve(int client, struct proto_message *message)
{
	bool complete = false;
	int fd;

	while (!proto_receive(client, message, &fd)) {
		if (message->op == PROTO_STOP)
			return false;
		complete = message->op == PROTO_BYE;
		if (complete)
			client_was_killed = false;
		if (complete ? reply_status(client, 0) : answer(client, message, fd))
			break;
	}
	if (!complete)
		client_was_killed = true;
	return true;
}

static bool is_same_user(int client)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct proto_message *message = proto_new();
	bool stopping = false;
	int client;

	if (argc != 2 || !message)
		return 2;
	raise_fd_limit();
	while (!stopping) {
		client = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0 && errno != EINTR && errno != ECONNABORTED)
			return 1;
		if (client < 0)
			continue;
		if (is_same_user(client))
			stopping = !serve(client, message);
		if (!stopping)
			close(client);
	}
	unlink(argv[1]);
	while (items)
		drop(&items);
	free(message);
	return 0; /* which closes the client's socket, last */
}
