/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-bufs attached for the DMA of any device, by the module of kernel/importer: an fd of the
 * device's node stands for one attachment, and lets go of it when the last copy is closed.
 */
#ifndef DMABUFCTL_KERNEL_ATTACHMENT_H
#define DMABUFCTL_KERNEL_ATTACHMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/pci.h"
#include "util/range.h"

#define ATTACHMENT_DRIVER "dmabufctl-importer"

/* What the importer promises the exporter; as enum importer_promise of the module. */
enum attachment_promise {
	ATTACHMENT_DYNAMIC,
	ATTACHMENT_REVOCABLE,
	ATTACHMENT_PINNED,
	ATTACHMENT_PLAIN,
};

#define ATTACHMENT_BLOCK 4096 /* bytes that attachment_copy() takes at the most */

struct attachment_state {
	bool attached, mapped;
	bool over;	 /* it maps no more, as it has let go for good */
	bool translated; /* an IOMMU translates what the device accesses */
	bool does_dma;	 /* attachment_copy() works */
	unsigned told;	 /* how often it was told to let go */
	/* CLOCK_MONOTONIC, ns. 0: never while it had something mapped; not, or not by itself. */
	uint64_t told_at, let_go_at;
};

/* A fd of the device's node, or a negative errno; -ENOENT: the driver does not have the device. */
int attachment_open(const char *bdf);

/* The node's number; 0: the driver does not have the device. */
dev_t attachment_node(const char *bdf);

/*
 * All of a dma-buf; prot: 1 to read, 2 to write, 3 for both. The exporter's errno when it refuses;
 * -EBUSY: there is one already; -ENODEV: the dma-buf is revoked, or the driver was taken off.
 */
int attachment_attach(int fd, int dmabuf, enum attachment_promise promise);
int attachment_map(int fd, unsigned prot);
/* -ENOTCONN: there is none. It stays attached. */
int attachment_unmap(int fd);
/* With unmapping; -ENOTCONN: there is none. */
int attachment_detach(int fd);

/* How long what is attached waits when it is told to let go; UINT32_MAX: it does not let go. */
int attachment_delay(int fd, uint32_t ms);

int attachment_get_state(int fd, struct attachment_state *state);

/* The device's addresses, in the order of the dma-buf's bytes; malloc'd. */
int attachment_get_ranges(int fd, struct range **ranges, unsigned *count);

/* Where the device gets to with its address of that byte of the dma-buf; *physical 0: nowhere. */
int attachment_translate(int fd, uint64_t offset, uint64_t *physical);

/* By the device's own DMA: into the dma-buf, or out of it. At most ATTACHMENT_BLOCK bytes. */
int attachment_copy(int fd, uint64_t offset, void *bytes, uint32_t length, bool write);

#endif
