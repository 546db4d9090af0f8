/* SPDX-License-Identifier: GPL-2.0-only */
/* Device memory that is mapped into this process. */
#ifndef DMABUFCTL_KERNEL_MMIO_H
#define DMABUFCTL_KERNEL_MMIO_H

#include <stddef.h>

#include "kernel/pci.h"
#include "util/range.h"

/*
 * Reads into a buffer or writes from one, the other is NULL, 64 bits at a time: mmio is aligned to
 * that, and size, in bytes, is a multiple. -EIO: the device's memory is off or gone, for which the
 * kernel sends SIGBUS (vfio_pci_mmap_huge_fault() in drivers/vfio/pci/vfio_pci_core.c).
 */
int mmio_access(void *mmio, void *read, const void *write, size_t size);

/*
 * Maps a part of a BAR, of whole pages, for the CPU by way of sysfs, whatever driver has it;
 * munmap() ends it. -EPERM where the kernel is locked down, -EINVAL where it keeps BARs that are in
 * use to their drivers (CONFIG_IO_STRICT_DEVMEM; pci_mmap_resource() in drivers/pci/pci-sysfs.c).
 */
int mmio_map_bar(const struct pci_name *name, unsigned bar, struct range part, void **memory);

#endif
