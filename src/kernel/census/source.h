/* SPDX-License-Identifier: GPL-2.0-only */
/* What a source of the census is, and how it adds what it finds. */
#ifndef DMABUFCTL_KERNEL_CENSUS_SOURCE_H
#define DMABUFCTL_KERNEL_CENSUS_SOURCE_H

#include "config.h"
#include "kernel/census/census.h"

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

/* Of all these: 0 or a negative errno. Sources that are not there have nothing to add. */
int census_from_debugfs(struct census *census);
int census_from_fds(struct census *census);
int census_from_maps(struct census *census);

/*
 * The kernel's iterators, of which some may not be there: each sets its bit in census->sources.
 * NULL when there are none; ended by census_close_iterators(), which takes NULL.
 */
struct census_iterators;
#ifdef HAVE_BPF
struct census_iterators *census_open_iterators(const struct census *census);
void census_close_iterators(struct census_iterators *iterators);
int census_from_iterator(struct census *census, struct census_iterators *iterators,
			 enum census_source source);
#else
static inline struct census_iterators *census_open_iterators(const struct census *census)
{
	(void)census;
	return NULL;
}

static inline void census_close_iterators(struct census_iterators *iterators)
{
	(void)iterators;
}

static inline int census_from_iterator(struct census *census, struct census_iterators *iterators,
				       enum census_source source)
{
	(void)census;
	(void)iterators;
	(void)source;
	return 0;
}
#endif

/* The dma-buf of that inode, a new one where it was not known; NULL when out of memory. */
struct census_dmabuf *census_find(struct census *census, uint64_t inode);
bool census_knows(const struct census *census, uint64_t inode);

/* An fd of a dma-buf, which says what it is where nothing else has said so. */
int census_add_fd(struct census *census, const struct census_process *process, uint64_t inode,
		  unsigned fd);
int census_add_map(struct census *census, const struct census_process *process, uint64_t inode,
		   uint64_t size);
/* A character device that a process has open: counts when it is one of VFIO's. */
int census_add_device(struct census *census, pid_t pid, dev_t device);
void census_add_attached(struct census_dmabuf *dmabuf, const char *name, size_t length);

/* What a dma-buf's fdinfo says; false when the fd is no dma-buf, or gone. */
bool census_describe(struct census_dmabuf *dmabuf, pid_t pid, unsigned fd);

#endif
