// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints every number and layout of the kernel's interface that dmabufctl uses. tests/lab/uapi.sh
 * builds it twice, with src/uapi/ and with the kernel's own headers, and compares.
 */
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>

#ifdef KERNEL_HEADERS
#include <linux/iommufd.h>
#include <linux/vfio.h>
#else
#include "uapi/iommufd.h"
#include "uapi/vfio.h"
#endif

#define NUMBER(name) printf(#name " = 0x%lx\n", (unsigned long)(name))
#define STRUCT(type) printf("sizeof(" #type ") = %zu\n", sizeof(type))
#define MEMBER(type, member)                                             \
	printf(#type "." #member " = %zu+%zu\n", offsetof(type, member), \
	       sizeof(((type *)0)->member))

int main(void)
{
	NUMBER(IOMMU_DESTROY);
	STRUCT(struct iommu_destroy);
	MEMBER(struct iommu_destroy, id);
	NUMBER(IOMMU_IOAS_ALLOC);
	STRUCT(struct iommu_ioas_alloc);
	MEMBER(struct iommu_ioas_alloc, out_ioas_id);
	NUMBER(IOMMU_IOAS_IOVA_RANGES);
	STRUCT(struct iommu_iova_range);
	STRUCT(struct iommu_ioas_iova_ranges);
	MEMBER(struct iommu_ioas_iova_ranges, ioas_id);
	MEMBER(struct iommu_ioas_iova_ranges, num_iovas);
	MEMBER(struct iommu_ioas_iova_ranges, allowed_iovas);
	MEMBER(struct iommu_ioas_iova_ranges, out_iova_alignment);
	NUMBER(IOMMU_IOAS_ALLOW_IOVAS);
	STRUCT(struct iommu_ioas_allow_iovas);
	MEMBER(struct iommu_ioas_allow_iovas, num_iovas);
	MEMBER(struct iommu_ioas_allow_iovas, allowed_iovas);
	NUMBER(IOMMU_OPTION_HUGE_PAGES);
	NUMBER(IOMMU_OPTION_OP_SET);
	NUMBER(IOMMU_OPTION_OP_GET);
	NUMBER(IOMMU_OPTION);
	STRUCT(struct iommu_option);
	MEMBER(struct iommu_option, option_id);
	MEMBER(struct iommu_option, op);
	MEMBER(struct iommu_option, object_id);
	MEMBER(struct iommu_option, val64);
	NUMBER(IOMMU_HWPT_ALLOC_NEST_PARENT);
	NUMBER(IOMMU_HWPT_ALLOC_DIRTY_TRACKING);
	NUMBER(IOMMU_HWPT_ALLOC);
	STRUCT(struct iommu_hwpt_alloc);
	MEMBER(struct iommu_hwpt_alloc, flags);
	MEMBER(struct iommu_hwpt_alloc, dev_id);
	MEMBER(struct iommu_hwpt_alloc, pt_id);
	MEMBER(struct iommu_hwpt_alloc, out_hwpt_id);
	NUMBER(IOMMU_IOAS_MAP_FIXED_IOVA);
	NUMBER(IOMMU_IOAS_MAP_WRITEABLE);
	NUMBER(IOMMU_IOAS_MAP_READABLE);
	NUMBER(IOMMU_IOAS_MAP);
	STRUCT(struct iommu_ioas_map);
	MEMBER(struct iommu_ioas_map, flags);
	MEMBER(struct iommu_ioas_map, ioas_id);
	MEMBER(struct iommu_ioas_map, user_va);
	MEMBER(struct iommu_ioas_map, length);
	MEMBER(struct iommu_ioas_map, iova);
	NUMBER(IOMMU_IOAS_COPY);
	STRUCT(struct iommu_ioas_copy);
	MEMBER(struct iommu_ioas_copy, dst_ioas_id);
	MEMBER(struct iommu_ioas_copy, src_ioas_id);
	MEMBER(struct iommu_ioas_copy, dst_iova);
	MEMBER(struct iommu_ioas_copy, src_iova);
	NUMBER(IOMMU_IOAS_UNMAP);
	STRUCT(struct iommu_ioas_unmap);
	MEMBER(struct iommu_ioas_unmap, ioas_id);
	MEMBER(struct iommu_ioas_unmap, iova);
	MEMBER(struct iommu_ioas_unmap, length);
	NUMBER(IOMMU_IOAS_MAP_FILE);
	STRUCT(struct iommu_ioas_map_file);
	MEMBER(struct iommu_ioas_map_file, flags);
	MEMBER(struct iommu_ioas_map_file, ioas_id);
	MEMBER(struct iommu_ioas_map_file, fd);
	MEMBER(struct iommu_ioas_map_file, start);
	MEMBER(struct iommu_ioas_map_file, length);
	MEMBER(struct iommu_ioas_map_file, iova);
	NUMBER(VFIO_DEVICE_BIND_IOMMUFD);
	MEMBER(struct vfio_device_bind_iommufd, iommufd);
	MEMBER(struct vfio_device_bind_iommufd, out_devid);
	NUMBER(VFIO_DEVICE_ATTACH_IOMMUFD_PT);
	MEMBER(struct vfio_device_attach_iommufd_pt, pt_id);
	NUMBER(VFIO_DEVICE_DETACH_IOMMUFD_PT);
	MEMBER(struct vfio_device_detach_iommufd_pt, flags);
	NUMBER(VFIO_PCI_DEVID_OWNED);
	NUMBER(VFIO_PCI_DEVID_NOT_OWNED);
	NUMBER(VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
	NUMBER(VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED);
	NUMBER(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO);
	STRUCT(struct vfio_pci_dependent_device);
	MEMBER(struct vfio_pci_dependent_device, segment);
	MEMBER(struct vfio_pci_dependent_device, devfn);
	STRUCT(struct vfio_pci_hot_reset);
	NUMBER(VFIO_DEVICE_PCI_HOT_RESET);
	NUMBER(VFIO_DEVICE_FEATURE);
	NUMBER(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
	NUMBER(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	NUMBER(VFIO_DEVICE_FEATURE_DMA_BUF);
	STRUCT(struct vfio_region_dma_range);
	MEMBER(struct vfio_region_dma_range, offset);
	MEMBER(struct vfio_region_dma_range, length);
	STRUCT(struct vfio_device_feature_dma_buf);
	MEMBER(struct vfio_device_feature_dma_buf, region_index);
	MEMBER(struct vfio_device_feature_dma_buf, open_flags);
	MEMBER(struct vfio_device_feature_dma_buf, flags);
	MEMBER(struct vfio_device_feature_dma_buf, nr_ranges);
	printf("dma_ranges at %zu\n", offsetof(struct vfio_device_feature_dma_buf, dma_ranges));
	return 0;
}
