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
 * Some of the iterators may not be there: each sets its bit in inventory->sources. NULL when there
 * are none; ended by inventory_close_iterators(), which takes NULL.
 */
struct inventory_iterators;
#ifdef HAVE_BPF
struct inventory_iterators *inventory_open_iterators(const struct inventory *inventory);
void inventory_close_iterators(struct inventory_iterators *iterators);
int inventory_from_iterator(struct inventory *inventory, struct inventory_iterators *iterators,
			    enum inventory_source source);
#else
static inline struct inventory_iterators *
inventory_open_iterators(const struct inventory *inventory)
{
	(void)inventory;
	return NULL;
}

static inline void inventory_close_iterators(struct inventory_iterators *iterators)
{
	(void)iterators;
}

static inline int inventory_from_iterator(struct inventory *inventory,
					  struct inventory_iterators *iterators,
					  enum inventory_source source)
{
	(void)inventory;
	(void)iterators;
	(void)source;
	return 0;
}
#endif

#endif
