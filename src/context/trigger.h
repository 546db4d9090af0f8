/* SPDX-License-Identifier: GPL-2.0-only */
/* What makes an exporter withdraw its dma-bufs, a line of a table each. */
#ifndef DMABUFCTL_CONTEXT_TRIGGER_H
#define DMABUFCTL_CONTEXT_TRIGGER_H

#include "context/context.h"

struct trigger {
	const char *name;
	const char *detail;
	const char *again; /* what restore() does, to be said after detail; NULL: nothing */
	const char *held;  /* what --hold leaves; NULL: it cannot be held */
	const char
		*if_live; /* what it means when mappings outlive the trigger, NULL: nothing known */
	bool closes;	  /* the device leaves the context: its dma-bufs never come back */
	bool evicts;	  /* the kernel waits for every user of the device */
	bool resets_bus;  /* takes along whatever shares the slot or bus */
	/* Whether the device can take it, by sysfs alone; NULL: sysfs does not tell. */
	bool (*is_offered)(const struct pci_device *pci);
	/*
	 * Pulls it on a device, which is an object no more when the trigger closes it. 0 or a
	 * negative errno; is_unsupported() tells those that say the device cannot do it.
	 */
	int (*pull)(struct context *context, struct object *device);
	/*
	 * Brings the device back, after pull() or in the midst of it; it does no harm before. NULL:
	 * the device comes back by itself, or not at all.
	 */
	int (*restore)(struct context *context, const struct pci_name *name);
};

extern const struct trigger triggers[]; /* .name NULL at the end, the mildest first */

/* NULL when there is no such trigger. */
const struct trigger *trigger_find(const char *name);

/*
 * Pulls it on an open device, and brings the device back unless it is to be held. What is to be
 * undone is on record meanwhile, so that context_undo() can do it after a death. *pulled: the
 * kernel took it, even if bringing the device back failed.
 */
int trigger_pull(struct context *context, const struct trigger *trigger,
		 const struct pci_name *name, bool hold, bool *pulled);

bool trigger_is_unsupported(int error);

/* Called every few seconds, when not NULL, while others keep a device that is to go. */
extern void (*trigger_on_wait)(const struct pci_device *pci);

#endif
