/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device's IOMMU page table holds, read back through debugfs. */
#ifndef DMABUFCTL_KERNEL_PAGETABLE_H
#define DMABUFCTL_KERNEL_PAGETABLE_H

#include "kernel/pci.h"
#include "kernel/sys.h"

enum pagetable_answer {
	PAGETABLE_UNREADABLE, /* this IOMMU driver shows none, or no right to read it */
	PAGETABLE_EMPTY,      /* nothing of the window is translated */
	PAGETABLE_PARTIAL,    /* a part of it is */
	PAGETABLE_FULL,	      /* all of it, to the address expected */
	PAGETABLE_ELSEWHERE,  /* all or a part of it, to another address */
};

/*
 * Looks up the IOVA window of a device, expected at physical address phys. Only Intel's
 * driver shows its tables (drivers/iommu/intel/debugfs.c, CONFIG_INTEL_IOMMU_DEBUGFS).
 */
enum pagetable_answer pagetable_look_up(const struct pci_name *device, struct range iova,
					uint64_t phys);

/* Whether tables of any device can be read here. */
int pagetable_available(void);

#endif
