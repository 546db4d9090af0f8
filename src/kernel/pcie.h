/* SPDX-License-Identifier: GPL-2.0-only */
/* The way from a device up to its host bridge, and what Access Control Services say on it. */
#ifndef DMABUFCTL_KERNEL_PCIE_H
#define DMABUFCTL_KERNEL_PCIE_H

#include "kernel/pci.h"

enum pcie_type {
	PCIE_UNKNOWN, /* config space beyond 64 bytes could not be read, or no PCI Express */
	PCIE_ENDPOINT,
	PCIE_ROOT_PORT,
	PCIE_UPSTREAM,
	PCIE_DOWNSTREAM,
	PCIE_BRIDGE, /* to PCI, or from it */
};

enum pcie_acs {
	PCIE_ACS_UNREADABLE, /* wants privileges, and a kernel that shows extended config space */
	PCIE_ACS_ABSENT,     /* the port has no such capability */
	PCIE_ACS_PRESENT,
};

/* A bit of the ACS control register (PCI Express 7.7.11), as <linux/pci_regs.h> has it. */
#define PCIE_ACS_REQUEST_REDIRECT 0x04

struct pcie_hop {
	struct pci_name name;
	enum pcie_type type;
	enum pcie_acs acs;
	uint16_t acs_control;
};

struct pcie_path {
	char host_bridge[24];  /* "pci0000:00" */
	struct pcie_hop *hops; /* from the host bridge's side; the last one is the device */
	unsigned count;
};

/* The hops are malloc'd. -ENODEV: there is no such device. */
int pcie_get_path(const struct pci_name *device, struct pcie_path *path);

const char *pcie_type_name(enum pcie_type type);

/* "SrcValid+ TransBlk- ...", as lspci writes it; "none" and "unreadable". */
void pcie_format_acs(const struct pcie_hop *hop, char *text, size_t size);

#endif
