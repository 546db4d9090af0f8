/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The iommufd contexts that an inventory found, of whatever process, as iommufd has them on record:
 * only with the kernel's iterators, which are for root.
 */
#ifndef DMABUFCTL_KERNEL_INVENTORY_CONTEXTS_H
#define DMABUFCTL_KERNEL_INVENTORY_CONTEXTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/range.h"

struct inventory_bound_device {
	unsigned id;
	unsigned ioas; /* 0: it is attached to none */
	char name[32]; /* as in sysfs; a BDF for PCI */
};

struct inventory_ioas {
	unsigned id;
	bool torn;	 /* it changed so fast that some mappings may be missing */
	uint64_t memory; /* how many mappings are of memory, which are not listed */
	uint64_t bytes;	 /* of those */
};

/* Of a dma-buf. */
struct inventory_mapping {
	unsigned ioas;
	struct range addresses;
	uint64_t inode;
	uint64_t offset;  /* into the dma-buf */
	pid_t pid;	  /* who mapped it */
	unsigned domains; /* of devices that are attached to the IOAS: they hold it */
	bool readable, writable;
	bool revoked; /* it was taken away once, and will not come back by itself */
};

/* A process with an fd of the context, or of a device that is bound to it. */
struct inventory_user {
	pid_t pid;
	char name[16]; /* any bytes */
};

struct inventory_context {
	uint64_t address; /* tells contexts apart, and nothing else */
	struct inventory_user *users;
	unsigned user_count;
	struct inventory_bound_device *devices;
	unsigned device_count;
	struct inventory_ioas *ioases;
	unsigned ioas_count;
	struct inventory_mapping *mappings; /* by IOAS and IOVA */
	unsigned mapping_count;
};

struct inventory_contexts {
	struct inventory_context *items;
	unsigned count;
};

/* The context of that address, a new one where it was not known; NULL when out of memory. */
struct inventory_context *inventory_find_context(struct inventory_contexts *contexts,
						 uint64_t address);
/* 0 or a negative errno; the fds of a process come one after the other. */
int inventory_add_user(struct inventory_context *context, pid_t pid, const char *name);
/* NULL: that process has no fd of it. */
const struct inventory_user *inventory_find_user(const struct inventory_context *context,
						 pid_t pid);
void inventory_free_contexts(struct inventory_contexts *contexts);

#endif
