/* SPDX-License-Identifier: GPL-2.0-only */
/* Device memory that is mapped into this process. */
#ifndef DMABUFCTL_KERNEL_MMIO_H
#define DMABUFCTL_KERNEL_MMIO_H

#include <stddef.h>

/*
 * Reads into a buffer or writes from one, the other is NULL, 64 bits at a time: mmio is aligned to
 * that, and size, in bytes, is a multiple. -EIO: the device's memory is off or gone, for which the
 * kernel sends SIGBUS (vfio_pci_mmap_huge_fault() in drivers/vfio/pci/vfio_pci_core.c).
 */
int mmio_access(void *mmio, void *read, const void *write, size_t size);

#endif
