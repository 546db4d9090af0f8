/* SPDX-License-Identifier: GPL-2.0-only */
/* A source of the inventory: the dma-buf core's own list, for root. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_DEBUGFS_H
#define DMABUFCTL_KERNEL_INVENTORY_DEBUGFS_H

#include "kernel/inventory/found.h"

/* 0 or a negative errno; where debugfs is not mounted there is nothing to add. */
int inventory_from_debugfs(struct inventory *inventory);

#endif
