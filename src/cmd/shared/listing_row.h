/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of `list`: a dma-buf each, as attributes for the columns of a table, or as JSON. */
#ifndef DMABUFCTL_CMD_SHARED_LISTING_ROW_H
#define DMABUFCTL_CMD_SHARED_LISTING_ROW_H

#include "context/origin.h"
#include "ui/output.h"

struct listing {
	struct inventory inventory;
	struct origins origins;
	unsigned *shown; /* indexes of what is wanted, in order */
	unsigned shown_count;
	char cell[256]; /* of the attribute asked for last */
};

/* What attributes there are of each row, by position; a heading of NULL at the end. */
extern const struct column listing_columns[];

/* For struct output_rows; below: the holders get the key of the tree's first column. */
struct attribute listing_attribute(void *listing, size_t row, unsigned column);
json_object *listing_row(struct listing *listing, size_t row, bool below);

#endif
