/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A source of the inventory: lists that are walked inside the kernel. One read() gives what would
 * be a look-up for each fd of each process in /proc. Programs of this kind want the kernel's BTF,
 * CAP_BPF and CAP_PERFMON.
 */
#ifndef DMABUFCTL_KERNEL_INVENTORY_ITERATOR_H
#define DMABUFCTL_KERNEL_INVENTORY_ITERATOR_H

#include "config.h"
#include "kernel/inventory/found.h"

/*
 * records: how many there is room for of what VFIO and iommufd have on record, which the iterators
 * of dma-bufs and files note, and inventory_from_survey() takes when those have run: 0, a negative
 * errno, or -ENOSPC when they did not fit, with how many there were.
 * Some of the iterators may not be there: each sets its bit in inventory->sources. NULL when there
 * are none; ended by inventory_close_iterators(), which takes NULL.
 * They stay loaded until the process ends, for its next inventory.
 */
struct inventory_iterators;
#ifdef HAVE_BPF
struct inventory_iterators *inventory_open_iterators(struct inventory *inventory, unsigned records);
void inventory_close_iterators(struct inventory_iterators *iterators);
/* pid: the one process whose files or maps are wanted, 0: all. */
int inventory_from_iterator(struct inventory *inventory, struct inventory_iterators *iterators,
			    enum inventory_source source, pid_t pid);
int inventory_from_survey(struct inventory *inventory, struct inventory_iterators *iterators,
			  unsigned *records);
#else
static inline struct inventory_iterators *inventory_open_iterators(struct inventory *inventory,
								   unsigned records)
{
	inventory->obstacle = OBSTACLE_BUILD;
	(void)records;
	return NULL;
}

static inline void inventory_close_iterators(struct inventory_iterators *iterators)
{
	(void)iterators;
}

static inline int inventory_from_iterator(struct inventory *inventory,
					  struct inventory_iterators *iterators,
					  enum inventory_source source, pid_t pid)
{
	(void)inventory;
	(void)iterators;
	(void)source;
	(void)pid;
	return 0;
}

static inline int inventory_from_survey(struct inventory *inventory,
					struct inventory_iterators *iterators, unsigned *records)
{
	(void)inventory;
	(void)iterators;
	(void)records;
	return 0;
}
#endif

#endif
