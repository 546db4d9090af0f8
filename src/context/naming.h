/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the contexts call what the kernel tells of: mappings by their IOVA, dma-bufs by their inode,
 * devices. Learnt from time to time, so it can be older than what it is asked about.
 */
#ifndef DMABUFCTL_CONTEXT_NAMING_H
#define DMABUFCTL_CONTEXT_NAMING_H

#include "context/context.h"
#include "util/range.h"

struct named_window {
	struct range iova;
	char mapping[NAME_SIZE], context[NAME_SIZE];
	uint64_t inode;		  /* of its dma-buf */
	uint64_t made;		  /* when, before anything happened to it */
	struct pci_name exporter; /* "" when that is not known, nor is bar */
	unsigned bar;
	bool gone;		  /* no context has it any more */
};

struct named_dmabuf {
	uint64_t inode;
	char context[NAME_SIZE];
};

struct named_device {
	struct pci_name name;
	char context[NAME_SIZE];
};

struct naming {
	struct named_window *windows; /* by IOVA */
	unsigned window_count;
	struct named_dmabuf *dmabufs;
	unsigned dmabuf_count;
	struct named_device *devices;
	unsigned device_count;
	uint64_t learnt; /* when that was, CLOCK_MONOTONIC, ns */
	bool busy;	 /* a command was at work in one of them, or one did not answer */
};

/*
 * Looks at all contexts. Of one that does not answer what was known stays, and so does a dma-buf
 * that was released until it is forgotten: its last reference may go later. So does a mapping that
 * is gone, until this looks again; keeps_gone: and one that was gone the last time, too, as there
 * may be events from before then that have yet to be named.
 */
void naming_learn(struct naming *naming, bool keeps_gone);
void naming_free(struct naming *naming);

/*
 * The mapping that was at just these addresses at that time, of the dma-buf of that inode (0: any).
 * NULL when there is none, or more than one. One that is gone serves when no other does, the last.
 */
const struct named_window *naming_find(const struct naming *naming, uint64_t time,
				       struct range iova, uint64_t inode);

/* The one mapping that the address lies in; NULL as above. */
const struct named_window *naming_find_address(const struct naming *naming, uint64_t address);

/* That mapping is no more; nor is that dma-buf. */
void naming_forget(struct naming *naming, uint64_t time, struct range iova, uint64_t inode);
void naming_forget_dmabuf(struct naming *naming, uint64_t inode);

/* Whether the dma-buf, or the device, is part of that context. */
bool naming_has_dmabuf(const struct naming *naming, const char *context, uint64_t inode);
bool naming_has_device(const struct naming *naming, const char *context, const char *device);

#endif
