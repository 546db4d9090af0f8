/* SPDX-License-Identifier: GPL-2.0-only */
/* A message with a file descriptor along, on a Unix socket (SCM_RIGHTS). Neither call waits. */
#ifndef DMABUFCTL_KERNEL_PASSING_H
#define DMABUFCTL_KERNEL_PASSING_H

#include <stddef.h>
#include <sys/types.h>

/* name is what the trace calls the message. fd -1: none. 0 or a negative errno, -EAGAIN: no room.
 */
int pass_send(int socket, const char *name, const void *data, size_t size, int fd);

/*
 * The message's size, 0 when the other side is gone. *fd is the caller's, -1 when none came. No
 * other fd stays open: -EPROTO when more than one came, or the message is longer than size;
 * -EMFILE when the one that came had no place in this process; -EAGAIN: there is no message.
 */
ssize_t pass_receive(int socket, const char *name, void *data, size_t size, int *fd);

#endif
