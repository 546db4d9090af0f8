// SPDX-License-Identifier: GPL-2.0-only
#include "context/proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/sys.h"

static const char *const op_names[] = {
	[PROTO_HELLO] = "HOLDER_HELLO",	  [PROTO_LIST] = "HOLDER_LIST",
	[PROTO_GET] = "HOLDER_GET",	  [PROTO_PUT] = "HOLDER_PUT",
	[PROTO_DELETE] = "HOLDER_DELETE", [PROTO_BYE] = "HOLDER_BYE",
	[PROTO_STOP] = "HOLDER_STOP",	  [PROTO_OBJECT] = "HOLDER_OBJECT",
	[PROTO_OK] = "HOLDER_OK",
};

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

struct proto_message *proto_new(void)
{
	return calloc(1, sizeof(struct proto_message) + PROTO_FACTS_MAX);
}

int proto_send(int socket, const struct proto_message *message, int fd)
{
	struct iovec data = {
		.iov_base = (void *)message,
		.iov_len = sizeof(*message) + message->facts_size,
	};
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	int sent;

	if (fd >= 0) {
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	sent = sys_sendmsg(socket, op_names[message->op], &header);
	return sent < 0 ? sent : 0;
}

static int take_fd(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int fd = -1;

	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
	    control->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

int proto_receive(int socket, struct proto_message *message, int *fd)
{
	struct iovec data = {
		.iov_base = message,
		.iov_len = sizeof(*message) + PROTO_FACTS_MAX,
	};
	union control control;
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int got = sys_recvmsg(socket, "HOLDER_MESSAGE", &header);

	*fd = -1;
	if (got < 0)
		return got;
	if (!got)
		return -ECONNRESET;
	*fd = take_fd(&header);
	if ((size_t)got < sizeof(*message) || message->op > PROTO_OK ||
	    (size_t)got != sizeof(*message) + message->facts_size ||
	    memchr(message->name, '\0', sizeof(message->name)) == NULL ||
	    (message->facts_size && message->facts[message->facts_size - 1]) ||
	    header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		if (*fd >= 0)
			sys_close(*fd);
		*fd = -1;
		return -EPROTO;
	}
	return 0;
}
