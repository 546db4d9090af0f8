/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracefs instance as a flight recorder of IOMMU maps and unmaps: it needs no running
 * reader, and its clock is CLOCK_MONOTONIC.
 */
#ifndef DMABUFCTL_KERNEL_TRACE_H
#define DMABUFCTL_KERNEL_TRACE_H

#include <stdbool.h>

#include "kernel/sys.h"

/* The events name no domain: the same IOVA may be another device's. */
struct trace_event {
	uint64_t time; /* CLOCK_MONOTONIC, ns, cut to whole microseconds by the kernel */
	bool unmap;
	struct range iova;
};

struct trace_log {
	struct trace_event *events; /* in the order of the trace */
	unsigned count;
	bool lost; /* older events were overwritten */
};

/* -ENOENT without tracefs or the iommu events, -EACCES without the right to use it. */
int trace_available(void);

/* Makes the instance and starts recording; one left over under this name is replaced. */
int trace_start(const char *instance);

/* Removes the instance; one that is not there is no error. */
int trace_stop(const char *instance);

/* Reads without consuming. */
int trace_read(const char *instance, struct trace_log *log);
void trace_log_free(struct trace_log *log);

/* Calls visit for each instance whose name starts with prefix. */
void trace_each_instance(const char *prefix, void (*visit)(const char *instance));

/* CLOCK_MONOTONIC in ns, the clock of all times here. */
uint64_t trace_now(void);

#endif
