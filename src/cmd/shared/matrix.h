/* SPDX-License-Identifier: GPL-2.0-only */
/* revoke with several triggers: a table with a row for each. */
#ifndef DMABUFCTL_CMD_SHARED_MATRIX_H
#define DMABUFCTL_CMD_SHARED_MATRIX_H

#include "cmd/shared/command.h"

/* The triggers that are to be pulled: a bit each, by their position in the table. */
struct trigger_choice {
	unsigned bits;
	bool named; /* one by one, not by "all": one that the device cannot take is a failure */
};

/*
 * Each on one device, one after another, with what it did and whether it could be put right. The
 * device's dma-bufs and mappings are back after each.
 */
enum status run_matrix(struct call *call, struct object *device,
		       const struct trigger_choice *choice, bool dry_run, bool yes);

extern const struct column matrix_columns[];

#endif
