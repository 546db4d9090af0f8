/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a device from its driver, or off its bus, while it is open. The kernel waits in that
 * call, without a limit, until the last user has closed the device, and asks users to do so
 * through the request interrupt (drivers/vfio/vfio_main.c, vfio_unregister_group_dev()). So the
 * call is made by a child process, and this one can answer.
 */
#ifndef DMABUFCTL_KERNEL_EVICTION_H
#define DMABUFCTL_KERNEL_EVICTION_H

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/pci.h"

struct eviction {
	pid_t child;
	int ended;   /* pidfd of the child */
	int request; /* eventfd of the request interrupt */
};

enum eviction_event {
	EVICTION_WAITING, /* nothing happened in that time */
	EVICTION_ASKED,	  /* the kernel asks for the device to be closed */
	EVICTION_DONE,
};

/* Starts to unbind (or to remove) a device; device is its VFIO fd, which stays open. */
int eviction_start(struct eviction *eviction, const struct pci_device *pci, int device,
		   bool remove);

/* The next event, at most timeout ms from now; a negative errno when the call failed. */
int eviction_next(struct eviction *eviction, int timeout);

/* A child that has not ended goes on waiting by itself: the kernel cannot be called back. */
void eviction_end(struct eviction *eviction);

#endif
