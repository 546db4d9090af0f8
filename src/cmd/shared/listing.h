/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of `list`: a census, where each dma-buf is from, what of it is wanted, in what order. */
#ifndef DMABUFCTL_CMD_SHARED_LISTING_H
#define DMABUFCTL_CMD_SHARED_LISTING_H

#include "kernel/census/census.h"
#include "kernel/pci.h"
#include "ui/output.h"

/* NULL, and 0 for the PID: any. */
struct listing_filter {
	const char *exporter;
	const char *device; /* BDF */
	const char *holder; /* a process's name */
	pid_t pid;
};

struct listing {
	struct census census;
	struct origin **origins; /* by index in the census; NULL: not known */
	bool contexts;		 /* some are from contexts */
	unsigned *shown;	 /* indexes of what is wanted, in order */
	unsigned shown_count;
	char cell[256]; /* of the fact asked for last */
};

/* What facts there are of each row, by place; a heading of NULL at the end. */
extern const struct column listing_columns[];

/* 0 or a negative errno; either way ended by listing_free(). */
int listing_take(struct listing *listing, const struct listing_filter *filter);
int listing_sort(struct listing *listing, unsigned column);
void listing_free(struct listing *listing);

/* For struct output_rows; below: the holders get the key of the tree's first column. */
struct fact listing_fact(void *listing, size_t row, unsigned column);
json_object *listing_row(struct listing *listing, size_t row, bool below);

#endif
