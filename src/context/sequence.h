/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several triggers, one after another, on one device: its mappings are live before each, and its
 * dma-bufs and mappings are brought back after each.
 */
#ifndef DMABUFCTL_CONTEXT_SEQUENCE_H
#define DMABUFCTL_CONTEXT_SEQUENCE_H

#include "context/revocation.h"

struct sequence {
	struct context *context;
	struct pci_name name; /* of the exporter */
	char ioas[NAME_SIZE]; /* to which the exporter itself is attached, "" for none */
};

/* What was done after a trigger. */
struct sequence_return {
	enum exporter_state exporter; /* before that */
	int recovered;		      /* by recover; -1: there was nothing to recover */
	bool rebuilt;		      /* the device was closed, and all of it was made anew */
	int verified;		      /* by DMA; -1: no device there can do any */
};

void sequence_begin(struct sequence *sequence, struct context *context,
		    const struct object *device);

/* As an object it may be another after each trigger. */
struct object *sequence_device(const struct sequence *sequence);

/* Whether anything of the device is mapped, which could be seen to go. */
bool sequence_is_mapped(const struct sequence *sequence);

/* Brings every mapping of its dma-bufs to life. 0 or a negative errno; -ENODEV: one is revoked. */
int sequence_prepare(const struct sequence *sequence);

/*
 * Adds what one trigger would hit to what others would, and keeps that which evicts, if any does.
 * widest starts with the context and name alone. 0 or -ENOMEM.
 */
int sequence_widen(struct revocation *widest, const struct revocation *revocation);

/* After the trigger; 0 or a negative errno: it could not be put right. */
int sequence_restore(const struct sequence *sequence, const struct revocation *revocation,
		     struct sequence_return *returned);

#endif
