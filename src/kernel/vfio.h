/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO PCI devices through their character device (Documentation/driver-api/vfio.rst). */
#ifndef DMABUFCTL_KERNEL_VFIO_H
#define DMABUFCTL_KERNEL_VFIO_H

#include <stdbool.h>

#include "kernel/pci.h"
#include "util/range.h"

#define VFIO_CDEV_DIRECTORY "/dev/vfio/devices"

/*
 * Opens a VFIO character device for the iommufd context. On success *id is the device's
 * object in it. Errors (drivers/vfio/device_cdev.c, drivers/iommu/iommufd/device.c):
 *   -EINVAL  another process has the device open
 *   -EPERM   interrupts are not isolated (no interrupt remapping), or its IOMMU group
 *            belongs to a host driver or to another iommufd context
 *   -EBUSY   its IOMMU group is in use through the group API
 */
int vfio_open(const char *cdev, int iommufd, uint32_t *id);

/* Attaches to an IOAS, replacing the present attachment if there is one. */
int vfio_attach(int device, uint32_t ioas);

/* Succeeds also when nothing is attached. */
int vfio_detach(int device);

/*
 * A dma-buf of ranges inside a BAR; returns its fd, open for reading and writing. Errors
 * (drivers/vfio/pci/vfio_pci_dmabuf.c):
 *   -ENODEV     no such memory BAR
 *   -EINVAL     a range is empty, unaligned or beyond the BAR, or its BAR has no
 *               peer-to-peer provider (I/O ports)
 *   -EOVERFLOW  offset + length wraps
 *   -ENOTTY     no VFIO_DEVICE_FEATURE_DMA_BUF (before 6.19)
 *   -EOPNOTSUPP the device's VFIO driver does not take part
 */
int vfio_export(int device, unsigned bar, const struct range *ranges, unsigned count);

/* Size of a BAR in bytes, 0 for one that is absent. */
int vfio_bar_size(int device, unsigned bar, uint64_t *size);

/* -EINVAL: the device has no reset. */
int vfio_reset(int device);

/* A device that a hot reset takes along. */
struct vfio_reset_member {
	struct pci_name name;
	bool owned; /* by the device's own iommufd context, or by nobody */
};

/* Who shares the device's slot or bus; malloc'd. -ENODEV: neither can be reset. */
int vfio_hot_reset_set(int device, struct vfio_reset_member **members, unsigned *count);
/* Resets the slot or bus; -EPERM, or -EINVAL, when a member is not owned. */
int vfio_hot_reset(int device);

/* Function level reset through config space; -EOPNOTSUPP: the device has none. */
int vfio_flr(int device);

/* Power state through the power management capability, D0 or D3hot; -EOPNOTSUPP: it has none. */
enum vfio_power { VFIO_D0 = 0, VFIO_D3HOT = 3 };
int vfio_set_power(int device, enum vfio_power state);

/* VFIO's low power feature: the host may suspend the device until it is left again. */
int vfio_set_low_power(int device, bool on);
/* The same until the device wakes up, of which the eventfd tells. */
int vfio_low_power_until_woken(int device, int eventfd);

/*
 * Access to a region, a BAR by its number, through VFIO: in units of the registers that size
 * allows (1, 2, 4, 8), or as plain memory for longer ones. -EIO while the memory is off.
 */
int vfio_read_region(int device, unsigned index, uint64_t offset, void *buffer, size_t size);
int vfio_write_region(int device, unsigned index, uint64_t offset, const void *buffer, size_t size);

/*
 * Maps a part of a BAR, of whole pages, for the CPU; munmap() ends it. -EINVAL: VFIO does not let
 * this BAR be mapped, as it shares a page with another's.
 */
int vfio_map_region(int device, unsigned index, struct range part, void **memory);

/* The eventfd is signalled when the kernel wants the device to be closed. */
int vfio_set_request_event(int device, int event);

/* Without it the device makes no memory accesses of its own. */
int vfio_set_bus_master(int device, bool on);

/* Memory decode, by the command register as VFIO shows it. */
int vfio_memory_decode(int device, bool *on);
int vfio_set_memory_decode(int device, bool on);

#endif
