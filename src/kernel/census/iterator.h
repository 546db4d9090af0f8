/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A source of the census: lists that are walked inside the kernel. One read() gives what would be a
 * look-up for each fd of each process in /proc. Programs of this kind want the kernel's BTF,
 * CAP_BPF and CAP_PERFMON.
 */
#ifndef DMABUFCTL_KERNEL_CENSUS_ITERATOR_H
#define DMABUFCTL_KERNEL_CENSUS_ITERATOR_H

#include "config.h"
#include "kernel/census/found.h"

/*
 * Some of the iterators may not be there: each sets its bit in census->sources. NULL when there are
 * none; ended by census_close_iterators(), which takes NULL.
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

#endif
