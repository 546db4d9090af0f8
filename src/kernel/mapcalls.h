/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own calls of iommu_map(), told apart by a bit of what they say of the memory. Page
 * tables do not show all of that on most IOMMUs, and no tracepoint has it, so it is a probe, of
 * this process's calls alone.
 */
#ifndef DMABUFCTL_KERNEL_MAPCALLS_H
#define DMABUFCTL_KERNEL_MAPCALLS_H

#include "kernel/instance.h"

/* Whose calls; from Linux 6.16 on the DMA API has another function for most. */
enum map_caller { MAP_CALLER_IOMMUFD, MAP_CALLER_DMA_API };

/* include/linux/iommu.h */
enum map_bit {
	MAP_BIT_READ = 1 << 0,
	MAP_BIT_WRITE = 1 << 1,
	MAP_BIT_MMIO = 1 << 4, /* a device's memory */
};

struct map_calls {
	struct map_calls_kind {
		char event[48];
		struct instance instance;
		struct range window; /* of IOVAs, while it is counted */
		unsigned count;
	} with, without; /* the bit */
};

/*
 * Watches from now on. Errors as instance_available(), and -EOPNOTSUPP where the kernel takes no
 * probes. Ended by map_calls_end(), also after an error.
 */
int map_calls_watch(struct map_calls *calls, enum map_caller caller, enum map_bit bit);
/* How many calls there were for IOVAs of the window, since the last time. */
int map_calls_count(struct map_calls *calls, struct range window, unsigned *with,
		    unsigned *without);
void map_calls_end(struct map_calls *calls);
/* Takes away what was watched by processes that have ended without map_calls_end(). */
void map_calls_sweep(void);

#endif
