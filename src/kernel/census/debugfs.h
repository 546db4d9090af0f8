/* SPDX-License-Identifier: GPL-2.0-only */
/* A source of the census: the dma-buf core's own list, for root. */
#ifndef DMABUFCTL_KERNEL_CENSUS_DEBUGFS_H
#define DMABUFCTL_KERNEL_CENSUS_DEBUGFS_H

#include "kernel/census/found.h"

/* 0 or a negative errno; where debugfs is not mounted there is nothing to add. */
int census_from_debugfs(struct census *census);

#endif
