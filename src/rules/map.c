// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why an address of a process, and a BAR by its mmap, cannot be mapped for DMA. dmabufctl does no
 * such thing; other programs do, and what they say of it is explained by these.
 */
#include <errno.h>

#include "rules/rule.h"

const struct rule map_rules[] = {
	{ .id = "map-mmio",
	  .error = EFAULT,
	  .during = "IOMMU_IOAS_MAP VFIO_IOMMU_MAP_DMA attach",
	  .sentence = "the address is an mmap of MMIO, such as a BAR, without pages to pin",
	  .function = "check_vma_flags",
	  .file = "mm/gup.c",
	  .since = ANY,
	  .remedy = "only DMA from device to device needs it: map a dma-buf of the BAR by "
		    "IOMMU_IOAS_MAP_FILE instead (Linux 6.19 or later; QEMU does from 11.0 on)" },
	{ .id = "map-off",
	  .error = EFAULT,
	  .during = "VFIO_IOMMU_MAP_DMA",
	  .sentence = "the address is an mmap of a BAR with memory decode off, or suspended",
	  .function = "vfio_pci_vmf_insert_pfn",
	  .file = "drivers/vfio/pci/vfio_pci_core.c",
	  .since = ANY,
	  .remedy = "map it once the device is on again" },
	{ .id = "map-window",
	  .error = EINVAL,
	  .during = "VFIO_IOMMU_MAP_DMA",
	  .sentence = "the container's IOMMU reserves that IOVA, or does not reach it",
	  .function = "vfio_iommu_iova_dma_valid",
	  .file = "drivers/vfio/vfio_iommu_type1.c",
	  .since = ANY,
	  .remedy =
		  "have the guest place its BARs lower: give it no more physical address bits than "
		  "the IOMMU has (QEMU: host-phys-bits-limit)" },
	{ 0 },
};
