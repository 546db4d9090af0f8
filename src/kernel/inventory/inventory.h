/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every dma-buf that can be seen, and who holds it, joined by inode from whatever source there
 * is. What one source has told is not asked of the next. Processes come and go meanwhile; one
 * that vanishes is as if it had not been there.
 */
#ifndef DMABUFCTL_KERNEL_INVENTORY_H
#define DMABUFCTL_KERNEL_INVENTORY_H

#include "kernel/inventory/found.h"

/* Whether all dma-bufs are there, with their attachments: not without privileges. */
bool inventory_is_complete(const struct inventory *inventory);

/* 0 or a negative errno; ended by inventory_free(). */
int inventory_take(struct inventory *inventory);

/* Only what VFIO and iommufd have on record of one process; nothing when that cannot be had. */
int inventory_take_records(struct inventory *inventory, pid_t pid);

#endif
