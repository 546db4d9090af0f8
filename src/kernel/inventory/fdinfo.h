/* SPDX-License-Identifier: GPL-2.0-only */
/* What an fd of a dma-buf says about it (/proc/PID/fdinfo), for want of another source. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_FDINFO_H
#define DMABUFCTL_KERNEL_INVENTORY_FDINFO_H

#include "kernel/inventory/found.h"

/* Of such a text, which is changed; false when it is no dma-buf's. */
bool inventory_parse_fdinfo(struct inventory_dmabuf *dmabuf, char *text);

/* False when the fd is no dma-buf, or gone. */
bool inventory_describe(struct inventory_dmabuf *dmabuf, pid_t pid, unsigned fd);

/* An fd of a dma-buf, which is described where it was not. 0 or a negative errno. */
int inventory_add_fd(struct inventory *inventory, const struct inventory_process *process,
		     uint64_t inode, unsigned fd);

#endif
