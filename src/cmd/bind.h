/* SPDX-License-Identifier: GPL-2.0-only */
/* What bind remembers of a device, for unbind to give it back as it was. */
#ifndef DMABUFCTL_CMD_BIND_H
#define DMABUFCTL_CMD_BIND_H

#include "cmd/shared/command.h"
#include "kernel/pci.h"

struct former_driver {
	char driver[64];	  /* "" when it had none */
	char driver_override[64]; /* "" when it had none */
	char bound_to[64];	  /* the driver that bind gave it to, the last time */
};

/* 0 or a negative errno; -ENOENT: dmabufctl did not bind this device. */
int former_driver_load(const struct pci_name *name, struct former_driver *former);
void former_driver_forget(const struct pci_name *name);

/* The kernel would wait for the last user without a word. what: for messages. */
enum status check_free(const struct pci_device *pci, const char *what);

/* A row of the result of bind and unbind, whose tables are the same. */
void fill_moved(json_object *row, const char *driver_before, const struct pci_device *pci);

extern const struct section bind_sections[];

#endif
