/* SPDX-License-Identifier: GPL-2.0-only */
/* What `list` lists: what is wanted of an inventory, and in what order. */
#ifndef DMABUFCTL_CMD_SHARED_LISTING_H
#define DMABUFCTL_CMD_SHARED_LISTING_H

#include "cmd/shared/listing_row.h"

/* NULL, and 0 for the PID: any. */
struct listing_filter {
	const char *exporter;
	const char *device; /* BDF */
	const char *holder; /* a process's name */
	pid_t pid;
};

/* 0 or a negative errno; either way ended by listing_free(). */
int listing_take(struct listing *listing, const struct listing_filter *filter);
int listing_sort(struct listing *listing, unsigned column);
void listing_free(struct listing *listing);

#endif
