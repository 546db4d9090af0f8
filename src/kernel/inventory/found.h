/* SPDX-License-Identifier: GPL-2.0-only */
/* What an inventory has found so far, joined by inode; its sources add to it. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_FOUND_H
#define DMABUFCTL_KERNEL_INVENTORY_FOUND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/inventory/contexts.h"

struct inventory_holder {
	pid_t pid;
	char name[16]; /* as in /proc/PID/comm, any bytes */
	unsigned *fds; /* malloc'd */
	unsigned fd_count;
	unsigned maps;
	uint64_t mapped; /* bytes, over all its maps */
};

/* What VFIO has on record of a dma-buf, or tells in its fdinfo. */
struct inventory_export {
	char device[32];      /* BDF; "" once it was closed */
	int region;	      /* BAR; -1: not known */
	struct range *ranges; /* of that BAR; malloc'd */
	unsigned range_count;
	bool revoked;
	bool closed; /* its device was, so it stays revoked */
	bool by_fdinfo;
};

struct inventory_mapped {
	const struct inventory_context *context;
	const struct inventory_mapping *mapping;
};

struct inventory_dmabuf {
	uint64_t inode;
	uint64_t size; /* 0: not known */
	char exporter[64];
	char name[64];	 /* any bytes; "" for none */
	long references; /* to its file, -1: not known */
	int attachments; /* -1: not known */
	char *attached;	 /* the devices' names, separated by commas; NULL for none, malloc'd */
	char *promises;	 /* of their importers, in that order; NULL: not known, or none */
	struct inventory_holder *holders;
	unsigned holder_count;
	struct inventory_export *export; /* malloc'd, NULL: not VFIO's, or not known */
	struct inventory_mapped *mapped; /* by iommufd, once the inventory is sorted */
	unsigned mapped_count;
};

/* A process that has a VFIO device open, or its IOMMU group. */
struct inventory_device {
	pid_t pid;
	bool group;
	unsigned number; /* /dev/vfio/devices/vfioN, or /dev/vfio/N for a group */
};

/* Where it is from: each a bit of inventory.sources. */
enum inventory_source {
	INVENTORY_DMABUF_ITERATOR = 1 << 0, /* the kernel's iterators, by BPF */
	INVENTORY_FILE_ITERATOR = 1 << 1,
	INVENTORY_MAP_ITERATOR = 1 << 2,
	INVENTORY_DEBUGFS = 1 << 3, /* the dma-buf core's file */
	INVENTORY_FDS = 1 << 4,	    /* /proc/PID/fd and fdinfo */
	INVENTORY_MAPS = 1 << 5,    /* /proc/PID/maps */
	INVENTORY_VFIO = 1 << 6,    /* VFIO's own records, by the iterators */
	INVENTORY_IOMMUFD = 1 << 7, /* iommufd's */
	INVENTORY_FDINFO = 1 << 8,  /* what VFIO tells of its dma-bufs' fds (kernel/linux-7.x) */
};

/* Why the kernel's iterators, or all of its records, cannot be asked for. */
enum inventory_obstacle {
	OBSTACLE_NONE,
	OBSTACLE_BUILD,	     /* built without them */
	OBSTACLE_NAMESPACE,  /* not the first PID namespace, whose PIDs they tell */
	OBSTACLE_BTF,	     /* the kernel does not describe its types */
	OBSTACLE_LOCKDOWN,   /* the kernel is locked down for confidentiality */
	OBSTACLE_PERMISSION, /* programs in BPF may not be loaded */
	OBSTACLE_MODULE,     /* a module that has records does not describe its types */
	OBSTACLE_KERNEL,     /* it does not take these programs, or its records are others */
};

struct inventory {
	struct inventory_dmabuf *items; /* by inode */
	unsigned count;
	struct inventory_device *devices;
	unsigned device_count;
	struct inventory_contexts contexts;
	unsigned unseen;  /* processes whose fds could not be read */
	unsigned sources; /* enum inventory_source */
	enum inventory_obstacle obstacle;
	bool terse_fdinfo; /* that of VFIO's dma-bufs does not tell what they are part of */

	/* For itself: the index by inode, the VFIO nodes, the file system of dma-bufs when known.
	 */
	unsigned *slots;
	unsigned slot_count;
	struct inventory_node *nodes;
	unsigned node_count;
	dev_t dma_bufs;
};

/* A node of VFIO. */
struct inventory_node {
	dev_t device;
	bool group;
	unsigned number;
};

/* Whose fds or maps are added; one process after the other. */
struct inventory_process {
	pid_t pid;
	char name[16];
};

/* The dma-buf of that inode, a new one where it was not known; NULL when out of memory. */
struct inventory_dmabuf *inventory_find(struct inventory *inventory, uint64_t inode);
bool inventory_knows(const struct inventory *inventory, uint64_t inode);

/* Of all these: 0 or a negative errno. */
int inventory_add_holder(struct inventory_dmabuf *dmabuf, const struct inventory_process *process,
			 unsigned fd);
int inventory_add_map(struct inventory *inventory, const struct inventory_process *process,
		      uint64_t inode, uint64_t size);
/* A character device that a process has open: counts when it is one of VFIO's. */
int inventory_add_device(struct inventory *inventory, pid_t pid, dev_t device);
/* promise: NULL when it is not known. */
void inventory_add_attached(struct inventory_dmabuf *dmabuf, const char *name, size_t length,
			    const char *promise);
void inventory_free_export(struct inventory_dmabuf *dmabuf);

/* Once all is added, 0 or -ENOMEM: the dma-buf of that inode, NULL when there is none. */
int inventory_sort(struct inventory *inventory);
const struct inventory_dmabuf *inventory_get(const struct inventory *inventory, uint64_t inode);
void inventory_free(struct inventory *inventory);

bool inventory_is_holder(const struct inventory_dmabuf *dmabuf, pid_t pid);

/* Whether VFIO's and iommufd's records could be read, which tell who has mapped whose BARs. */
bool inventory_has_records(const struct inventory *inventory);
/* The device that exported it, by VFIO's record; "": it was closed, or has none. */
const char *inventory_device_of(const struct inventory_dmabuf *dmabuf);
/* Who mapped it, when that is a user of the context, else the context's first; NULL: it has none.
 */
const struct inventory_user *inventory_user_of(const struct inventory_mapped *mapped);

#endif
