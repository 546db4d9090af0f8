/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own calls of iommu_map(), told apart by whether they say that the memory is a
 * device's (IOMMU_MMIO in include/linux/iommu.h). Page tables do not show that on most IOMMUs, and
 * no tracepoint has it, so it is a probe, of this process's calls alone.
 */
#ifndef DMABUFCTL_KERNEL_MAPCALLS_H
#define DMABUFCTL_KERNEL_MAPCALLS_H

#include "kernel/instance.h"

struct map_calls {
	struct map_calls_kind {
		char event[48];
		struct instance instance;
		struct range window; /* of IOVAs, while it is counted */
		unsigned count;
	} mmio, memory;
};

/*
 * Watches from now on. Errors as instance_available(), and -EOPNOTSUPP where the kernel takes no
 * probes. Ended by map_calls_end(), also after an error.
 */
int map_calls_watch(struct map_calls *calls);
/* How many calls there were for IOVAs of the window, since the last time. */
int map_calls_count(struct map_calls *calls, struct range window, unsigned *mmio, unsigned *memory);
void map_calls_end(struct map_calls *calls);

#endif
