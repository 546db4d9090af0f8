// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/library.h"
#include "util/scope.h"
#include "util/text.h"

#define NL_FUNCTIONS(each)                                                               \
	each(nl_socket_alloc) each(nl_socket_free) each(nl_join_groups) each(nl_connect) \
		each(nl_socket_set_nonblocking) each(nl_socket_get_fd) each(nl_recv)
LIBRARY("libnl-3.so.200", NL_FUNCTIONS);

#define KERNEL_GROUP 1 /* that udev forwards to others is another */

struct nl_sock *uevent_open(void)
{
	struct nl_sock *socket = library_load(&library) ? lib.nl_socket_alloc() : NULL;

	if (!socket)
		return NULL;
	lib.nl_join_groups(socket, KERNEL_GROUP);
	if (lib.nl_connect(socket, NETLINK_KOBJECT_UEVENT) ||
	    lib.nl_socket_set_nonblocking(socket)) {
		lib.nl_socket_free(socket);
		return NULL;
	}
	return socket;
}

void uevent_close(struct nl_sock *socket)
{
	lib.nl_socket_free(socket);
}

int uevent_fd(struct nl_sock *socket)
{
	return lib.nl_socket_get_fd(socket);
}

/* "bind@/devices/...\0ACTION=bind\0DEVPATH=...\0..." */
static void parse(const char *text, const char *end, struct uevent *event)
{
	*event = (struct uevent){ 0 };
	for (; text < end; text += strlen(text) + 1) {
		const char *value = strchr(text, '=');

		if (!value)
			continue;
		value++;
		if (!strncmp(text, "ACTION=", 7))
			copy_text(event->action, sizeof(event->action), value);
		else if (!strncmp(text, "SUBSYSTEM=", 10))
			copy_text(event->subsystem, sizeof(event->subsystem), value);
		else if (!strncmp(text, "DRIVER=", 7))
			copy_text(event->driver, sizeof(event->driver), value);
		else if (!strncmp(text, "DEVPATH=", 8) && strrchr(value, '/'))
			copy_text(event->device, sizeof(event->device), strrchr(value, '/') + 1);
	}
}

int uevent_read(struct nl_sock *socket, struct uevent *event)
{
	auto_free unsigned char *message = NULL;
	struct sockaddr_nl sender;
	int got = lib.nl_recv(socket, &sender, &message, NULL);

	if (got == -NLE_NOMEM)
		return -ENOBUFS;
	if (got <= 0)
		return -EAGAIN;
	message[got - 1] = '\0';
	/* Only the kernel is believed. */
	if (sender.nl_pid)
		*event = (struct uevent){ 0 };
	else
		parse((char *)message, (char *)message + got, event);
	return 0;
}
