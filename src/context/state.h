/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources of evidence say at one moment, each read once, whatever is asked of it. */
#ifndef DMABUFCTL_CONTEXT_STATE_H
#define DMABUFCTL_CONTEXT_STATE_H

#include "context/context.h"
#include "context/evidence.h"
#include "kernel/inventory/inventory.h"

struct snapshot_device;
struct snapshot_exporter;
struct snapshot_dmabuf;
struct snapshot_window;

/*
 * Look-ups between snapshot_begin() and snapshot_end() agree with each other. The context's objects
 * stay as they are meanwhile. A source that cannot be had, for want of memory too, is missing.
 */
struct snapshot {
	struct context *context;
	struct trace_index trace;
	struct snapshot_device *devices; /* those that are open */
	unsigned device_count;
	struct snapshot_dmabuf *dmabufs; /* by the address of their objects */
	unsigned dmabuf_count;
	struct snapshot_window *windows; /* by the address of their mappings */
	unsigned window_count;
	struct snapshot_exporter *exporters;
	struct inventory inventory; /* of what the kernel has on record of the context's process */
	const struct inventory_context *record; /* NULL: it cannot be had */
	struct import_trial trial;		/* of all exporters */
};

void snapshot_begin(struct snapshot *snapshot, struct context *context);
void snapshot_end(struct snapshot *snapshot);

struct exporter_report snapshot_exporter(struct snapshot *snapshot, struct object *dmabuf);
struct mapping_report snapshot_mapping(struct snapshot *snapshot, const struct object *mapping);

/* What the importer of a mapping with an fd of its own says; NULL: nothing, or it is another. */
const struct import_look *snapshot_look(struct snapshot *snapshot, const struct object *mapping);

/* Whether another mapping has IOVAs of this one, in another IOAS: the trace names none. */
bool snapshot_shares_window(const struct snapshot *snapshot, const struct object *mapping);

/* For one alone. */
enum mapping_state mapping_state_now(struct context *context, const struct object *mapping);

#endif
