/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DMABUFCTL_CMD_SHARED_MATRIX_H
#define DMABUFCTL_CMD_SHARED_MATRIX_H

#include "cmd/shared/common.h"

/*
 * revoke --by all: every trigger on one device, one after another, with what each did and whether
 * it could be made good. The device's dma-bufs and mappings are back after each.
 */
enum status run_matrix(struct call *call, struct object *device, bool dry_run, bool yes);

extern const struct column matrix_columns[];

#endif
