/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that come, go, and change drivers, as the kernel announces them (libnl). */
#ifndef DMABUFCTL_KERNEL_UEVENT_H
#define DMABUFCTL_KERNEL_UEVENT_H

struct uevent {
	char action[16];    /* add, remove, bind, unbind, change, ... */
	char subsystem[32]; /* pci, ... */
	char device[64];    /* the last component of its path in sysfs */
	char driver[64];    /* "" when none is named */
};

struct nl_sock;

/* NULL when the kernel does not let us listen. */
struct nl_sock *uevent_open(void);
void uevent_close(struct nl_sock *socket);

/* For poll(). */
int uevent_fd(struct nl_sock *socket);

/* The next event; 0 when there was one, -EAGAIN when none is left, -ENOBUFS when some were lost. */
int uevent_read(struct nl_sock *socket, struct uevent *event);

#endif
