/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flight recorder: a tracefs instance that runs as long as the context, so that what happened
 * to its mappings between two commands can be told by the next.
 */
#ifndef DMABUFCTL_CONTEXT_RECORDER_H
#define DMABUFCTL_CONTEXT_RECORDER_H

#include "context/context.h"
#include "kernel/trace.h"

/*
 * Starts that of a context which has none. Nothing depends on success: a context without a recorder
 * works, and status says what evidence is missing.
 */
void recorder_start(struct context *context);

/* Ends it: a holder's is known by the context's name, also when the record cannot be read. */
void recorder_stop(struct context *context);

/* Its tracefs instance, NULL when there is none. */
const char *context_trace(const struct context *context);

/* All that it recorded; ended by trace_log_free(), also on failure. */
int context_read_trace(struct context *context, struct trace_log *log);

#endif
