/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI functions as sysfs and libpci show them. Nothing here needs privileges, but binding. */
#ifndef DMABUFCTL_KERNEL_PCI_H
#define DMABUFCTL_KERNEL_PCI_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/range.h"

#define PCI_BARS 6

/* "0000:01:00.0"; the domain may have more than four digits. */
struct pci_name {
	char bdf[24];
};

enum pci_bar_type {
	PCI_BAR_ABSENT,
	PCI_BAR_IO,
	PCI_BAR_MEMORY,
};

struct pci_bar {
	enum pci_bar_type type;
	struct range bus; /* where the CPU and, without translation, devices see it */
	bool prefetchable;
	bool wide; /* 64 bits: takes the next BAR's register too */
};

struct pci_device {
	struct pci_name name;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code; /* class, subclass, interface: 0x010802 */
	bool bridge; /* to another bus, or the host's own: nothing that user space could be given */
	char driver[64];	  /* "" when none */
	char driver_override[64]; /* "" when none */
	char cdev[64];		  /* "/dev/vfio/devices/vfio0", "" when none */
	dev_t cdev_number;	  /* its device number, by which users are known when it is gone */
	int group;		  /* IOMMU group, -1 when none */
	char reset_methods[64];	  /* as in sysfs: "flr bus", "" when none */
	struct pci_bar bars[PCI_BARS];
};

/* Takes "01:00.0" and "0000:01:00.0"; -EINVAL for anything else. */
int pci_parse_name(const char *text, struct pci_name *name);

/* -ENODEV when there is no such device. */
int pci_get(const struct pci_name *name, struct pci_device *device);
/* The same of a name in text; -EINVAL when it is none. */
int pci_find(const char *text, struct pci_device *device);

/* All devices by name, or those of an IOMMU group; the caller frees *names. */
int pci_list(struct pci_name **names, unsigned *count);
int pci_list_group(int group, struct pci_name **names, unsigned *count);

/* Whether there is no bridge above it whose bus could be reset. */
bool pci_is_on_root_bus(const struct pci_name *name);

/* The IOMMU that translates for it, as sysfs calls it ("dmar0"), "" when none does. */
void pci_get_iommu(const struct pci_name *name, char *iommu, size_t size);

/* Whether its driver keeps user space from every other device of its IOMMU group. */
bool pci_blocks_group(const struct pci_device *device);

/*
 * The part of the IOVA window that devices of this group cannot have mapped, as their IOMMU says
 * (reserved_regions in sysfs): false when there is none. kind: "msi", "direct" or "reserved".
 */
bool pci_find_reserved(int group, struct range window, struct range *reserved, char kind[16]);

/* Marketing names from libpci's database, for descriptions that are made one after another. */
struct pci_names;
struct pci_names *pci_names_open(void);
void pci_names_close(struct pci_names *names);
void pci_names_class(struct pci_names *names, const struct pci_device *device, char *text,
		     size_t size);
void pci_names_device(struct pci_names *names, const struct pci_device *device, char *text,
		      size_t size);

/*
 * Takes the device from its driver and lets the kernel probe it under this driver_override (""
 * clears it); *device is what came of it. The first failing step's errno; that no driver took
 * the device is none.
 */
int pci_hand_over(const struct pci_name *name, const char *driver_override,
		  struct pci_device *device);

/* Takes the device from its driver; waits for whoever has it open. */
int pci_unbind(const struct pci_device *device);

/* Takes the function off its bus, as if it were unplugged; waits for its driver to let it go. */
int pci_remove(const struct pci_name *name);

/* Looks for functions on the bus of this one, which need not be there. */
int pci_rescan_bus_of(const struct pci_name *name);

/* "active", "suspended" and so on, as the kernel's runtime power management says. */
int pci_runtime_status(const struct pci_name *name, char status[16]);

/* Resets the function through sysfs, behind its driver's back; -ENOENT: it has no reset. */
int pci_reset(const struct pci_name *name);

#endif
