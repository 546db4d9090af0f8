/* SPDX-License-Identifier: GPL-2.0-only */
/* What a census has found so far, joined by inode; its sources add to it. */
#ifndef DMABUFCTL_KERNEL_CENSUS_FOUND_H
#define DMABUFCTL_KERNEL_CENSUS_FOUND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct census_holder {
	pid_t pid;
	char name[16]; /* as in /proc/PID/comm, any bytes */
	unsigned *fds; /* malloc'd */
	unsigned fd_count;
	unsigned maps;
	uint64_t mapped; /* bytes, over all its maps */
};

struct census_dmabuf {
	uint64_t inode;
	uint64_t size; /* 0: not known */
	char exporter[64];
	char name[64];	 /* any bytes; "" for none */
	long references; /* to its file, -1: not known */
	int attachments; /* -1: not known */
	char *attached;	 /* the devices' names, separated by commas; NULL for none, malloc'd */
	struct census_holder *holders;
	unsigned holder_count;
};

/* A process that has a VFIO device open, or its IOMMU group. */
struct census_device {
	pid_t pid;
	bool group;
	unsigned number; /* /dev/vfio/devices/vfioN, or /dev/vfio/N for a group */
};

/* Where it is from: each a bit of census.sources. */
enum census_source {
	CENSUS_DMABUF_ITERATOR = 1 << 0, /* the kernel's iterators, by BPF */
	CENSUS_FILE_ITERATOR = 1 << 1,
	CENSUS_MAP_ITERATOR = 1 << 2,
	CENSUS_DEBUGFS = 1 << 3, /* the dma-buf core's file */
	CENSUS_FDS = 1 << 4,	 /* /proc/PID/fd and fdinfo */
	CENSUS_MAPS = 1 << 5,	 /* /proc/PID/maps */
};

struct census {
	struct census_dmabuf *items; /* by inode */
	unsigned count;
	struct census_device *devices;
	unsigned device_count;
	unsigned unseen;  /* processes whose fds could not be read */
	unsigned sources; /* enum census_source */

	/* For itself: the index by inode, the VFIO nodes, the file system of dma-bufs when known.
	 */
	unsigned *slots;
	unsigned slot_count;
	struct census_node *nodes;
	unsigned node_count;
	dev_t dma_bufs;
};

/* A node of VFIO. */
struct census_node {
	dev_t device;
	bool group;
	unsigned number;
};

/* Whose fds or maps are added; one process after the other. */
struct census_process {
	pid_t pid;
	char name[16];
};

/* The dma-buf of that inode, a new one where it was not known; NULL when out of memory. */
struct census_dmabuf *census_find(struct census *census, uint64_t inode);
bool census_knows(const struct census *census, uint64_t inode);

/* Of all these: 0 or a negative errno. */
int census_add_holder(struct census_dmabuf *dmabuf, const struct census_process *process,
		      unsigned fd);
int census_add_map(struct census *census, const struct census_process *process, uint64_t inode,
		   uint64_t size);
/* A character device that a process has open: counts when it is one of VFIO's. */
int census_add_device(struct census *census, pid_t pid, dev_t device);
void census_add_attached(struct census_dmabuf *dmabuf, const char *name, size_t length);

/* Once all is added: the dma-buf of that inode, NULL when there is none. */
void census_sort(struct census *census);
const struct census_dmabuf *census_get(const struct census *census, uint64_t inode);
void census_free(struct census *census);

bool census_is_holder(const struct census_dmabuf *dmabuf, pid_t pid);

#endif
