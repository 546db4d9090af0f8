/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a dma-buf is from: a context made it, or VFIO has it on record, which is certain; or it
 * must be from a device that one of its holders has open.
 */
#ifndef DMABUFCTL_CONTEXT_ORIGIN_H
#define DMABUFCTL_CONTEXT_ORIGIN_H

#include "context/object.h"
#include "kernel/inventory/inventory.h"
#include "kernel/pci.h"

struct origin {
	char device[24];
	int bar;
	struct range *ranges; /* inside the BAR; NULL: not known */
	unsigned range_count;
	char source[NAME_SIZE + 16]; /* "context default", "kernel", "fdinfo", or "deduced" */
};

/* A device that a process has open. */
struct origin_device {
	pid_t pid;
	struct pci_device pci;
};

/*
 * The device that the dma-buf must be from: whoever exported it has the device open, and as a rule
 * the dma-buf too. *bar: the only one of that size, else the only one that is large enough. NULL
 * when no device of its holders has such a BAR, or more than one.
 */
const struct pci_device *origin_deduce(const struct inventory_dmabuf *dmabuf,
				       const struct origin_device *devices, unsigned count,
				       int *bar);

struct origins {
	struct origin **items; /* by index in the inventory; NULL: not known */
	unsigned count;
	bool contexts; /* some are from contexts */
};

/* 0 or a negative errno; either way ended by origins_free(). */
int origins_find(struct origins *origins, const struct inventory *inventory);
void origins_free(struct origins *origins);

#endif
