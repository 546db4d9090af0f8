/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory BARs of all PCI functions, by their physical addresses. */
#ifndef DMABUFCTL_KERNEL_BARS_H
#define DMABUFCTL_KERNEL_BARS_H

#include "kernel/pci.h"

/* A place in a BAR. */
struct bar_place {
	struct pci_name device;
	unsigned bar;
	uint64_t offset; /* in bytes */
};

struct bars {
	struct bar_memory {
		struct range memory;
		struct pci_name device;
		unsigned bar;
	} * items; /* by address; malloc'd */
	unsigned count;
};

/* Those that there are now, as sysfs shows them; what cannot be read is left out. */
void bars_read(struct bars *bars);
void bars_free(struct bars *bars);

/* False when the physical address is in none of them. */
bool bars_find(const struct bars *bars, uint64_t address, struct bar_place *place);

#endif
