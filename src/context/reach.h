/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether one PCI device can reach another's BARs, by the ports between them and their ACS bits. */
#ifndef DMABUFCTL_CONTEXT_REACH_H
#define DMABUFCTL_CONTEXT_REACH_H

#include "kernel/inventory/found.h"
#include "kernel/pcie.h"

/* A device, and the way from its host bridge to it. */
struct endpoint {
	struct pci_device pci;
	struct pcie_path path;
};

struct reach {
	const char *verdict; /* direct, redirected, host-bridge, impossible or unknown */
	const char *why;
	const char *doubt; /* what the capability bits cannot tell, NULL for nothing */
};

/* How many hops both have above them. */
unsigned reach_count_common(const struct pcie_path *a, const struct pcie_path *b);

/* Never claims more than the bits say. */
struct reach reach_judge(const struct endpoint *from, const struct endpoint *to);

/* The same by their names; "unknown" when the way to one of them is. */
struct reach reach_between(const char *from, const char *to);

/* Whether there is anything to reach. */
bool reach_has_memory(const struct pci_device *pci);

/* Devices by their names; mapped: a BAR of the second is, for the first. */
struct reach_pair {
	const char *from, *to;
	bool mapped;
};

struct reach_pairs {
	struct reach_pair *items; /* malloc'd */
	unsigned count;
};

/*
 * The pairs of a process's devices that are of interest: in each of its iommufd contexts those that
 * have something mapped, or, where no two have, all. The names are the inventory's. 0 or a negative
 * errno, either way *pairs is the caller's; -ESRCH: it has no such context.
 */
int reach_find_pairs(struct reach_pairs *pairs, const struct inventory *inventory, pid_t pid);

#endif
