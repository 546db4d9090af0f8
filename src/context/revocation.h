/* SPDX-License-Identifier: GPL-2.0-only */
/* Pulling a trigger, and what the mappings of the dma-bufs that it hits have to tell of it. */
#ifndef DMABUFCTL_CONTEXT_REVOCATION_H
#define DMABUFCTL_CONTEXT_REVOCATION_H

#include "context/state.h"
#include "context/trigger.h"
#include "kernel/vfio.h"

/* A mapping of a dma-buf that is hit. */
struct affected {
	struct object *mapping;
	enum mapping_state before;
	struct mapping_report after;
	bool unmapped; /* by the trace, since the trigger */
	uint64_t unmapped_at;
};

struct revocation {
	struct context *context;
	const struct trigger *trigger;
	struct pci_name name;	       /* of the exporter */
	struct vfio_reset_member *hit; /* the devices that lose their memory */
	unsigned hit_count;
	uint64_t start, end;	   /* CLOCK_MONOTONIC, ns */
	struct affected *affected; /* by the time of their unmap */
	unsigned count;
	struct snapshot snapshot; /* after the trigger; its context is NULL before */
	bool pulled;		  /* the kernel took it, even if restoring failed */
	bool observed;		  /* on every mapping that was live */
};

/* Finds out what the trigger would hit; 0 or a negative errno. Ended by revocation_end(). */
int revocation_begin(struct revocation *revocation, struct context *context,
		     const struct trigger *trigger, struct object *device);
void revocation_end(struct revocation *revocation);

bool revocation_hits_device(const struct revocation *revocation, const char *bdf);
bool revocation_hits(const struct revocation *revocation, const struct object *dmabuf);

/* Whether any mapping was seen to go. */
bool revocation_was_seen(const struct revocation *revocation);

/*
 * Pulls the trigger and looks at what it affected, also when it fails: a reset that the kernel
 * could not complete has revoked all the same. hold: leave the device as the trigger left it.
 */
int revocation_pull(struct revocation *revocation, bool hold);

#endif
