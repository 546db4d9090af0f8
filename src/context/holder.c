// SPDX-License-Identifier: GPL-2.0-only
/*
 * The holder of a context: keeps (kind, name, attributes, fd) and hands them out, a request at a
 * time. It runs as a program of its own, so that its memory is its own too. Standard input is the
 * bound socket, at which it listens, standard output is where it says that it does (see
 * client_start()), and its argument is the socket's path. No client can make it wait: each
 * request has one reply, and who does not take that is dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context/proto.h"
#include "kernel/sys.h"

#define CLIENTS 32
#define BACKLOG 64
/* Numbers of fds that no object gets, so that there is always one for the next client. */
#define RESERVED_FDS (CLIENTS + 16)
#define FDS_MAX (1 << 20)
#define RETRY_MS 100

struct item {
	struct item *older, *newer;
	struct item *next; /* in its bucket */
	uint32_t kind;
	int fd;
	char *attributes;
	char name[PROTO_NAME_SIZE];
};

struct client {
	int socket; /* -1: none */
	bool works; /* and is missed when it goes away without a goodbye */
	uint64_t heard;
};

static struct item *oldest, *newest;
static struct item **buckets;
static size_t bucket_count, item_count;

static struct client clients[CLIENTS];
static uint64_t requests; /* so far: the clock by which clients are silent */
static bool client_was_killed;
static int fd_limit;

static size_t hash(uint32_t kind, const char *name)
{
	size_t sum = 2166136261u ^ kind; /* FNV-1a */

	for (; *name; name++)
		sum = (sum ^ (unsigned char)*name) * 16777619u;
	return sum;
}

/* Where the item is hung up, or would be. */
static struct item **find(uint32_t kind, const char *name)
{
	struct item **link = &buckets[hash(kind, name) & (bucket_count - 1)];

	while (*link && ((*link)->kind != kind || strcmp((*link)->name, name)))
		link = &(*link)->next;
	return link;
}

/* Keeps about an item a bucket; also without memory for more all works, but slower. */
static bool grow_buckets(void)
{
	size_t count = bucket_count ? bucket_count * 2 : 64;
	struct item **bigger;

	if (bucket_count > item_count)
		return true;
	bigger = calloc(count, sizeof(*bigger));
	if (!bigger)
		return bucket_count;
	free(buckets);
	buckets = bigger;
	bucket_count = count;
	for (struct item *item = oldest; item; item = item->newer) {
		struct item **link = find(item->kind, item->name);

		item->next = NULL;
		*link = item;
	}
	return true;
}

static void drop(struct item **link)
{
	struct item *item = *link;

	*link = item->next;
	*(item->older ? &item->older->newer : &oldest) = item->newer;
	*(item->newer ? &item->newer->older : &newest) = item->older;
	item_count--;
	if (item->fd >= 0)
		close(item->fd);
	free(item->attributes);
	free(item);
}

static int reply_status(int client, uint32_t status)
{
	const struct proto_message reply = { .op = PROTO_OK, .status = status };

	return proto_send(client, &reply, -1);
}

static int reply_item(int client, struct proto_message *buffer, const struct item *item)
{
	buffer->op = PROTO_OBJECT;
	buffer->kind = item->kind;
	buffer->status = 0;
	memcpy(buffer->name, item->name, sizeof(buffer->name));
	buffer->attributes_size = strlen(item->attributes) + 1;
	memcpy(buffer->attributes, item->attributes, buffer->attributes_size);
	return proto_send(client, buffer, item->fd);
}

static int reply_list(int client, struct proto_message *buffer)
{
	const struct item *item = oldest;

	if (*buffer->name) {
		item = *find(buffer->kind, buffer->name);
		if (!item)
			return reply_status(client, ENOENT);
		item = item->newer;
	}
	buffer->op = PROTO_OBJECTS;
	buffer->attributes_size = 0;
	while (item && proto_append(buffer, item->kind, item->name, item->attributes))
		item = item->newer;
	buffer->status = item != NULL;
	return proto_send(client, buffer, -1);
}

static int add(uint32_t kind, const char *name, char *attributes, int fd)
{
	struct item *item = grow_buckets() ? calloc(1, sizeof(*item)) : NULL;

	if (!item)
		return ENOMEM;
	item->kind = kind;
	item->fd = fd;
	item->attributes = attributes;
	strcpy(item->name, name);
	item->older = newest;
	*(newest ? &newest->newer : &oldest) = item;
	newest = item;
	item_count++;
	*find(item->kind, item->name) = item;
	return 0;
}

/* Takes the fd on success. */
static int put(uint32_t kind, const char *name, const char *text, int fd)
{
	struct item *item = bucket_count ? *find(kind, name) : NULL;
	char *attributes;
	int error;

	if (!*name)
		return EINVAL;
	if (fd >= fd_limit - RESERVED_FDS)
		return EMFILE;
	attributes = strdup(text);
	if (!attributes)
		return ENOMEM;
	if (!item) {
		error = add(kind, name, attributes, fd);
		if (error)
			free(attributes);
		return error;
	}
	free(item->attributes);
	item->attributes = attributes;
	if (fd >= 0) {
		if (item->fd >= 0)
			close(item->fd);
		item->fd = fd;
	}
	return 0;
}

static void delete (uint32_t kind, const char *name)
{
	struct item **link = bucket_count ? find(kind, name) : NULL;

	if (link && *link)
		drop(link);
}

/* PUT_ALL and DELETE_ALL. */
static int change_all(const struct proto_message *request)
{
	const struct proto_entry *entry;
	size_t at = 0;
	int error = 0;

	while (!error && (entry = proto_next(request, &at))) {
		if (request->op == PROTO_PUT_ALL)
			error = put(entry->kind, entry->name, entry->attributes, -1);
		else
			delete (entry->kind, entry->name);
	}
	return error || at == request->attributes_size ? error : EPROTO;
}

static int greet(struct client *client, struct proto_message *request)
{
	if (request->kind == PROTO_VERSION && request->status == PROTO_WORKS)
		client->works = true;
	request->op = PROTO_OK;
	request->kind = getpid();
	request->status = PROTO_VERSION | (client_was_killed ? PROTO_INTERRUPTED : 0);
	request->attributes_size = 0;
	return proto_send(client->socket, request, -1);
}

/* Takes the fd when it is one to keep, and sets it to -1 then. */
static int answer(struct client *client, struct proto_message *request, int *fd)
{
	struct item **link = bucket_count ? find(request->kind, request->name) : NULL;
	int error;

	switch (request->op) {
	case PROTO_HELLO:
		return greet(client, request);
	case PROTO_LIST:
		return link ? reply_list(client->socket, request) :
			      proto_send(client->socket,
					 &(struct proto_message){ .op = PROTO_OBJECTS }, -1);
	case PROTO_GET:
		return link && *link ? reply_item(client->socket, request, *link) :
				       reply_status(client->socket, ENOENT);
	case PROTO_PUT:
		error = put(request->kind, request->name,
			    request->attributes_size ? request->attributes : "{}", *fd);
		if (!error)
			*fd = -1;
		return reply_status(client->socket, error);
	case PROTO_DELETE:
		delete (request->kind, request->name);
		return reply_status(client->socket, 0);
	case PROTO_PUT_ALL:
	case PROTO_DELETE_ALL:
		return reply_status(client->socket, change_all(request));
	case PROTO_BYE:
		client->works = false;
		client_was_killed = false;
		return reply_status(client->socket, 0);
	default:
		return reply_status(client->socket, EPROTO);
	}
}

static void part_with(struct client *client)
{
	client_was_killed |= client->works;
	close(client->socket);
	*client = (struct client){ .socket = -1 };
}

/* One request, if there is any; false when the holder is to end. */
static bool serve(struct client *client, struct proto_message *message)
{
	int fd, rc = proto_receive(client->socket, message, &fd);

	client->heard = ++requests;
	if (rc == -EAGAIN)
		return true;
	if (!rc && message->op == PROTO_STOP) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (!rc)
		rc = answer(client, message, &fd);
	else if (rc == -EMFILE)
		rc = reply_status(client->socket, EMFILE);
	if (fd >= 0)
		close(fd);
	if (rc)
		part_with(client);
	return true;
}

static bool is_same_user(int client)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

/* A free place; the one who has been silent for longest makes room. */
static struct client *make_room(void)
{
	struct client *silent = &clients[0];

	for (unsigned i = 0; i < CLIENTS; i++) {
		if (clients[i].socket < 0)
			return &clients[i];
		if (clients[i].heard < silent->heard)
			silent = &clients[i];
	}
	part_with(silent);
	return silent;
}

/* false: not now, for want of something. */
static bool let_in(void)
{
	int socket = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);

	if (socket < 0)
		return errno == EINTR || errno == ECONNABORTED || errno == EAGAIN;
	if (is_same_user(socket))
		*make_room() = (struct client){ .socket = socket, .heard = ++requests };
	else
		close(socket);
	return true;
}

/* Until a client wants it to end. */
static void serve_all(struct proto_message *message)
{
	struct pollfd events[CLIENTS + 1];
	bool open = true;

	for (;;) {
		events[CLIENTS] = (struct pollfd){ open ? STDIN_FILENO : -1, POLLIN, 0 };
		for (unsigned i = 0; i < CLIENTS; i++)
			events[i] = (struct pollfd){ clients[i].socket, POLLIN, 0 };
		if (poll(events, CLIENTS + 1, open ? -1 : RETRY_MS) < 0)
			continue;
		for (unsigned i = 0; i < CLIENTS; i++)
			if (events[i].revents && !serve(&clients[i], message))
				return;
		open = open && events[CLIENTS].revents ? let_in() : true;
	}
}

static int raise_fd_limit(void)
{
	struct rlimit limit = { .rlim_cur = FDS_MAX, .rlim_max = FDS_MAX };

	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return FDS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	limit.rlim_cur = limit.rlim_max < FDS_MAX ? limit.rlim_max : FDS_MAX;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

/* Whoever started this one waits for the word, and closed standard output means nothing to it. */
static bool begin(void)
{
	int ready = getpid(), null = open("/dev/null", O_RDWR);

	if (null < 0 || listen(STDIN_FILENO, BACKLOG) ||
	    write(STDOUT_FILENO, &ready, sizeof(ready)) != sizeof(ready))
		return false;
	return dup2(null, STDOUT_FILENO) >= 0 && !close(null);
}

int main(int argc, char **argv)
{
	struct proto_message *message = proto_new();

	if (argc != 2 || !message || sys_open_standard())
		return 2;
	fd_limit = raise_fd_limit();
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i].socket = -1;
	if (!begin())
		return 1;
	serve_all(message);
	unlink(argv[1]);
	/* Last made, first closed. */
	while (newest)
		drop(find(newest->kind, newest->name));
	free(buckets);
	free(message);
	return 0; /* which closes the clients' sockets, last */
}
