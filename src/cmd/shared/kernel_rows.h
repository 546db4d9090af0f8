/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of what iommufd itself has on record, whoever made it. */
#ifndef DMABUFCTL_CMD_SHARED_KERNEL_ROWS_H
#define DMABUFCTL_CMD_SHARED_KERNEL_ROWS_H

#include "context/origin.h"
#include "ui/error.h"
#include "util/json.h"

/* "usable" or "revoked"; NULL: not on record. */
const char *kernel_exporter_state(const struct inventory_dmabuf *dmabuf);

/* What is in the way of the kernel's records. */
const char *why_no_records(enum inventory_obstacle obstacle);

/* That failure, noted: there are no records to be had. */
enum status fail_no_records(const char *what, enum inventory_obstacle obstacle);

/* A mapping of that dma-buf: where, and in what state. */
void fill_kernel_mapping(json_object *row, const struct inventory_dmabuf *dmabuf,
			 const struct inventory_mapped *mapped);

/* A context with all that is in it. */
void fill_kernel_context(json_object *row, const struct inventory *inventory,
			 const struct origins *origins, const struct inventory_context *context);

#endif
