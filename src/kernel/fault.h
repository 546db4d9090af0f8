/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU faults as the kernel logs them. Drivers limit the rate at which they log, so a fault
 * that is not seen here may have happened all the same.
 */
#ifndef DMABUFCTL_KERNEL_FAULT_H
#define DMABUFCTL_KERNEL_FAULT_H

#include <stdbool.h>

#include "kernel/pci.h"
#include "util/range.h"

struct fault {
	uint64_t address;
	/* The device whose DMA it was; without its domain where the kernel does not say that, ""
	 * where it names none. */
	char device[24];
	char line[256]; /* the kernel's own words: device, direction, reason */
};

struct fault_list {
	struct fault *items; /* malloc'd */
	unsigned count;
};

/*
 * Whether a record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg) is a fault. It must be the
 * kernel's own, not a user's, begin with an IOMMU driver's words, and come from that driver's
 * device where the kernel says which device a record is from.
 */
bool fault_parse_record(const char *record, struct fault *fault);

/* The same of a line that somebody copied out of the log, with whatever stands before it. */
bool fault_parse_line(const char *line, struct fault *fault);

/* Whether it is this device's, as far as the kernel tells. */
bool fault_is_of(const struct fault *fault, const struct pci_name *device);

/* An fd on the kernel log that reads what is logged from now on; -EPERM without privileges. */
int fault_watch(void);

/* The next fault that was logged since; -EAGAIN when there is none. */
int fault_next(int watch, struct fault *fault);

/* The device's faults in the window that were logged since the watch began or was last asked. */
int fault_collect(int watch, const struct pci_name *device, struct range window,
		  struct fault_list *list);

#endif
