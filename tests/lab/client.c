// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of a context's holder that says what it is told, sense or not:
 *
 *   client SOCKET [WORD...]
 *
 *   hello VERSION VISIT   put KIND NAME ATTRIBUTES   get KIND NAME   delete KIND NAME   list   bye
 *   put-all KIND NAME ATTRIBUTES   cut-all KIND NAME ATTRIBUTES   delete-all KIND NAME
 *             the requests for many objects, with one; cut-all puts one that is not whole
 *   fds N     the next message takes N fds along
 *   raw SIZE  a message of that many bytes 0xff
 *   wait      until standard input ends
 *
 * Prints a line for each reply: OK STATUS, OBJECT NAME, OBJECTS SIZE, GONE when the holder has hung
 * up, or SILENT when it does not answer within ten seconds.
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "context/proto.h"

#define FDS_MAX 64
#define ANSWER_MS 10000

static int holder, fds_to_send;
static struct proto_message *message;

static void connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	holder = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (holder < 0 || connect(holder, (struct sockaddr *)&address, sizeof(address)))
		err(1, "%s", path);
}

static void send_bytes(const void *bytes, size_t size)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)bytes, size };
	struct msghdr parcel = { .msg_iov = &part, .msg_iovlen = 1 };
	int fds[FDS_MAX];

	for (int i = 0; i < fds_to_send; i++)
		fds[i] = open("/dev/null", O_RDONLY);
	if (fds_to_send) {
		parcel.msg_control = &control;
		parcel.msg_controllen = CMSG_SPACE(fds_to_send * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds_to_send * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fds_to_send * sizeof(int));
	}
	sendmsg(holder, &parcel, MSG_NOSIGNAL);
	for (int i = 0; i < fds_to_send; i++)
		close(fds[i]);
	fds_to_send = 0;
}

static void show_reply(void)
{
	struct pollfd reply = { holder, POLLIN, 0 };
	ssize_t got;

	if (poll(&reply, 1, ANSWER_MS) < 1) {
		puts("SILENT");
		return;
	}
	got = recv(holder, message, sizeof(*message) + PROTO_ROOM, 0);
	if (got < (ssize_t)sizeof(*message))
		puts("GONE");
	else if (message->op == PROTO_OBJECT)
		printf("OBJECT %.64s\n", message->name);
	else if (message->op == PROTO_OBJECTS)
		printf("OBJECTS %u\n", message->attributes_size);
	else
		printf("OK %u\n", message->status);
}

static void ask(enum proto_op op, unsigned kind, unsigned status, const char *name,
		const char *attributes)
{
	memset(message, 0, sizeof(*message));
	message->op = op;
	message->kind = kind;
	message->status = status;
	message->attributes_size = attributes ? strlen(attributes) + 1 : 0;
	snprintf(message->name, sizeof(message->name), "%s", name);
	if (attributes)
		memcpy(message->attributes, attributes, message->attributes_size);
	send_bytes(message, sizeof(*message) + message->attributes_size);
	show_reply();
}

static void ask_all(enum proto_op op, unsigned kind, const char *name, const char *attributes,
		    unsigned cut)
{
	memset(message, 0, sizeof(*message));
	message->op = op;
	proto_append(message, kind, name, attributes);
	message->attributes_size -= cut;
	send_bytes(message, sizeof(*message) + message->attributes_size);
	show_reply();
}

static void send_raw(size_t size)
{
	char *bytes = malloc(size + 1);

	memset(bytes, 0xff, size);
	send_bytes(bytes, size);
	free(bytes);
	show_reply();
}

/* Takes one word and what belongs to it; returns how many that were. */
static int act(int left, char **words)
{
	const char *word = words[0];

	if (!strcmp(word, "hello") && left > 2)
		return ask(PROTO_HELLO, atoi(words[1]), atoi(words[2]), "", NULL), 3;
	if (!strcmp(word, "put") && left > 3)
		return ask(PROTO_PUT, atoi(words[1]), 0, words[2], words[3]), 4;
	if (!strcmp(word, "put-all") && left > 3)
		return ask_all(PROTO_PUT_ALL, atoi(words[1]), words[2], words[3], 0), 4;
	if (!strcmp(word, "cut-all") && left > 3)
		return ask_all(PROTO_PUT_ALL, atoi(words[1]), words[2], words[3], 4), 4;
	if (!strcmp(word, "delete-all") && left > 2)
		return ask_all(PROTO_DELETE_ALL, atoi(words[1]), words[2], "", 0), 3;
	if (!strcmp(word, "get") && left > 2)
		return ask(PROTO_GET, atoi(words[1]), 0, words[2], NULL), 3;
	if (!strcmp(word, "delete") && left > 2)
		return ask(PROTO_DELETE, atoi(words[1]), 0, words[2], NULL), 3;
	if (!strcmp(word, "list"))
		return ask(PROTO_LIST, 0, 0, "", NULL), 1;
	if (!strcmp(word, "bye"))
		return ask(PROTO_BYE, 0, 0, "", NULL), 1;
	if (!strcmp(word, "fds") && left > 1 && atoi(words[1]) <= FDS_MAX)
		return fds_to_send = atoi(words[1]), 2;
	if (!strcmp(word, "raw") && left > 1)
		return send_raw(strtoul(words[1], NULL, 0)), 2;
	if (strcmp(word, "wait"))
		errx(2, "no word '%s'", word);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 1;
}

int main(int argc, char **argv)
{
	message = proto_new();
	if (argc < 2 || !message)
		errx(2, "usage: client SOCKET [WORD...]");
	connect_to(argv[1]);
	for (int i = 2; i < argc;)
		i += act(argc - i, argv + i);
	return 0;
}
