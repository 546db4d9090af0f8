/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU faults as the kernel logs them. Drivers limit the rate at which they log, so a fault
 * that is not seen here may have happened all the same.
 */
#ifndef DMABUFCTL_KERNEL_FAULT_H
#define DMABUFCTL_KERNEL_FAULT_H

#include "kernel/sys.h"

struct fault {
	uint64_t address;
	char line[256]; /* the kernel's own words: device, direction, reason */
};

struct fault_list {
	struct fault *items; /* malloc'd */
	unsigned count;
};

/* An fd on the kernel log that reads what is logged from now on; -EPERM without privileges. */
int fault_watch(void);

/* The next fault that was logged since; -EAGAIN when there is none. */
int fault_next(int watch, struct fault *fault);

/* The IOMMU faults in the window that were logged since the watch began or was last asked. */
int fault_collect(int watch, struct range window, struct fault_list *list);

#endif
