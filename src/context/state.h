/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources of evidence say at one moment, each read once, whatever is asked of it. */
#ifndef DMABUFCTL_CONTEXT_STATE_H
#define DMABUFCTL_CONTEXT_STATE_H

#include "context/context.h"
#include "context/evidence.h"

struct survey_device;
struct survey_exporter;
struct survey_dmabuf;
struct survey_window;

/*
 * Look-ups between survey_begin() and survey_end() agree with each other. The context's objects
 * stay as they are meanwhile. A source that cannot be had, for want of memory too, is missing.
 */
struct survey {
	struct context *context;
	struct trace_index trace;
	struct survey_device *devices; /* those that are open */
	unsigned device_count;
	struct survey_dmabuf *dmabufs; /* by the address of their objects */
	unsigned dmabuf_count;
	struct survey_window *windows; /* by the address of their mappings */
	unsigned window_count;
	struct survey_exporter *exporters;
	struct import_trial trial; /* of all exporters */
};

void survey_begin(struct survey *survey, struct context *context);
void survey_end(struct survey *survey);

struct exporter_report survey_exporter(struct survey *survey, struct object *dmabuf);
struct mapping_report survey_mapping(struct survey *survey, const struct object *mapping);

/* Whether another mapping has IOVAs of this one, in another IOAS: the trace names none. */
bool survey_shares_window(const struct survey *survey, const struct object *mapping);

/* For one alone. */
enum mapping_state mapping_state_now(struct context *context, const struct object *mapping);

#endif
