// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/passing.h"

#include <errno.h>
#include <string.h>

#include "kernel/sys.h"

/*
 * Room for one fd to the byte: the kernel drops the others, and says so (net/core/scm.c,
 * scm_detach_fds()). With CMSG_SPACE(), which is aligned, there would be room for two.
 */
#define ONE_FD CMSG_LEN(sizeof(int))

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

int pass_send(int socket, const char *name, const void *data, size_t size, int fd)
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control = { 0 };
	int sent;

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = ONE_FD;
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = ONE_FD;
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	sent = sys_sendmsg(socket, name, &message);
	return sent < 0 ? sent : 0;
}

static int take_fd(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
	    control->cmsg_len == ONE_FD)
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

ssize_t pass_receive(int socket, const char *name, void *data, size_t size, int *fd)
{
	struct iovec part = { .iov_base = data, .iov_len = size };
	union control control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = ONE_FD,
	};
	ssize_t got = sys_recvmsg(socket, name, &message);

	*fd = -1;
	if (got < 0)
		return got;
	*fd = take_fd(&message);
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return got;
	if (*fd < 0 && !(message.msg_flags & MSG_TRUNC))
		return -EMFILE;
	if (*fd >= 0)
		sys_close(*fd);
	*fd = -1;
	return -EPROTO;
}
