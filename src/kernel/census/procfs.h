/* SPDX-License-Identifier: GPL-2.0-only */
/* A source of the census: /proc, process by process, as far as one may look. */
#ifndef DMABUFCTL_KERNEL_CENSUS_PROCFS_H
#define DMABUFCTL_KERNEL_CENSUS_PROCFS_H

#include "kernel/census/found.h"

/* 0 or a negative errno. */
int census_from_fds(struct census *census);
int census_from_maps(struct census *census);

#endif
