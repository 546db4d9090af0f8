/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracefs instance as a flight recorder of IOMMU maps and unmaps: it needs no running
 * reader, and its clock is CLOCK_MONOTONIC. Reading it consumes, so what was read is kept in a
 * store: a file in memory that goes from reader to reader, of whom there must be one at a time.
 */
#ifndef DMABUFCTL_KERNEL_TRACE_H
#define DMABUFCTL_KERNEL_TRACE_H

#include "kernel/store.h"

struct trace_log {
	const struct trace_event *events; /* by time, the oldest first */
	unsigned count;
	uint64_t since;	     /* nothing is missing from then on; 0: since the recorder started */
	struct store *store; /* where the events are */
};

/* As instance_available(). */
int trace_available(void);

/*
 * Makes the instance, starts recording, and returns the fd of a new store; one left over under
 * this name is replaced. *hold, when not NULL: an fd that keeps trace_sweep() from it.
 */
int trace_start(const char *instance, int *hold);

/* Removes the instance; one that is not there is no error. */
int trace_stop(const char *instance);

/*
 * All that was recorded, what is new being moved into the store first. A reader that is killed
 * meanwhile leaves a store that says what it does not have (since).
 */
int trace_read(const char *instance, int store, struct trace_log *log);
void trace_log_free(struct trace_log *log);

/* Removes the instances whose name starts with prefix and which nobody holds. */
void trace_sweep(const char *prefix);

#endif
