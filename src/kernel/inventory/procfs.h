/* SPDX-License-Identifier: GPL-2.0-only */
/* A source of the inventory: /proc, process by process, as far as one may look. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_PROCFS_H
#define DMABUFCTL_KERNEL_INVENTORY_PROCFS_H

#include "kernel/inventory/found.h"

/* 0 or a negative errno. pid: the one process whose fds are wanted, 0: all. */
int inventory_from_fds(struct inventory *inventory, pid_t pid);
int inventory_from_maps(struct inventory *inventory);

#endif
