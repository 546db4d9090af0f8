/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracefs instance: rings of records of its own, one for each CPU. The kernel removes none that
 * anybody has a file of open, so a sweep takes those of the dead alone, whatever PID namespace
 * the living are in.
 */
#ifndef DMABUFCTL_KERNEL_INSTANCE_H
#define DMABUFCTL_KERNEL_INSTANCE_H

#include "kernel/record.h"

struct tracefs_instance;

struct instance_ring {
	int fd;
	int cpu;
	bool gap;	/* records are lost, and none that came after them has been read */
	uint64_t lost;	/* how many records were, as far as it was asked */
	unsigned pages; /* read since the reader last made it 0 */
};

struct instance {
	struct tracefs_instance *handle;
	struct record_formats formats;
	struct instance_ring *rings; /* opened by instance_open_rings() */
	unsigned ring_count;
	void *page;
	size_t page_size;
};

/*
 * -ENOENT without tracefs or the iommu events, -EACCES without the right to use it, -EPERM where
 * the kernel is locked down, -ELIBACC without libtracefs.
 */
int instance_available(void);

/*
 * Makes one whose clock is CLOCK_MONOTONIC; -EEXIST when there is one of that name. kib: of each
 * ring, 0 for what the kernel takes.
 */
int instance_create(struct instance *instance, const char *name, unsigned kib);

/* One that is there; -ENOENT. */
int instance_open(struct instance *instance, const char *name);

/* Gives it back; it stays. Well for one that is all zero. */
void instance_close(struct instance *instance);

/* One that is not there, or cannot be, is no error; -EBUSY when somebody has a file of it open. */
int instance_remove(const char *name);

/* Removes each whose name starts with prefix, and which nobody has open. */
void instance_sweep(const char *prefix);

/* An fd that keeps the instance from being removed. */
int instance_hold(const struct instance *instance);

/* Sets one of its files, such as "buffer_percent". */
int instance_write(const struct instance *instance, const char *file, const char *text);

/* Records the event from now on. -ENOENT when the kernel has none of that name. */
int instance_enable(struct instance *instance, const char *system, const char *event);

/* Makes an event's records known as such, and decoded. */
int instance_learn(struct instance *instance, enum record_kind kind, const char *system,
		   const char *event);

/* For reading, which consumes. */
int instance_open_rings(struct instance *instance);

/*
 * Visits the records of one page of the ring, the oldest. 1, 0 when the ring is empty, or a
 * negative errno. Records of one ring come in the order of their times; of several, they do not.
 */
int instance_read(struct instance *instance, struct instance_ring *ring,
		  void (*visit)(const struct record *record, void *data), void *data);

/* How many records the ring has lost since that was last asked. */
uint64_t instance_lost(struct instance *instance, struct instance_ring *ring);

/* How many bytes of records the ring holds now. */
uint64_t instance_unread(struct instance *instance, const struct instance_ring *ring);

#endif
