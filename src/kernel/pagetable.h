/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device's IOMMU page table holds, read back through debugfs. */
#ifndef DMABUFCTL_KERNEL_PAGETABLE_H
#define DMABUFCTL_KERNEL_PAGETABLE_H

#include "kernel/pci.h"
#include "util/range.h"

enum pagetable_answer {
	PAGETABLE_UNREADABLE, /* this IOMMU driver shows none, or no right to read it */
	PAGETABLE_EMPTY,      /* nothing of the window is translated */
	PAGETABLE_PARTIAL,    /* a part of it is */
	PAGETABLE_FULL,	      /* all of it, to the address expected */
	PAGETABLE_ELSEWHERE,  /* all or a part of it, to another address */
};

/* Addresses in one run that are translated to addresses in one run. */
struct pagetable_run {
	struct range iova;
	uint64_t phys;
};

struct pagetable {
	struct pagetable_run *runs; /* ascending, malloc'd */
	unsigned count;
};

/*
 * The table of a device, as it is now. Only Intel's driver shows its tables
 * (drivers/iommu/intel/debugfs.c, CONFIG_INTEL_IOMMU_DEBUGFS); -EPROTO when the device has none.
 * Ended by pagetable_free().
 */
int pagetable_read(const struct pci_name *device, struct pagetable *table);

/* The same from the text of the device's domain_translation_struct. */
int pagetable_parse(const char *text, struct pagetable *table);

void pagetable_free(struct pagetable *table);

/* What becomes of a window of IOVAs, expected at physical address phys; never UNREADABLE. */
enum pagetable_answer pagetable_look_up(const struct pagetable *table, struct range iova,
					uint64_t phys);

/* Whether tables of any device can be read here. */
int pagetable_available(void);

#endif
