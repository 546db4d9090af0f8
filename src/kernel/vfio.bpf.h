/* SPDX-License-Identifier: GPL-2.0-only */
/* What VFIO has on record of its dma-bufs (drivers/vfio/pci/vfio_pci_dmabuf.c). */
#ifndef DMABUFCTL_KERNEL_VFIO_BPF_H
#define DMABUFCTL_KERNEL_VFIO_BPF_H

#include "kernel/types.bpf.h"

#define VFIO_EXPORTER "vfio_pci_core"
#define BARS 6

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct resource {
	__u64 start, end;
};

struct pci_dev {
	struct device dev;
	struct resource resource[BARS];
};

struct vfio_device {
	struct device *dev;
};

struct vfio_pci_core_device {
	struct vfio_device vdev;
	struct pci_dev *pdev;
	struct list_head dmabufs;
};

struct phys_vec {
	__u64 paddr;
	__u64 len;
};

struct vfio_pci_dma_buf {
	struct dma_buf *dmabuf;
	struct vfio_pci_core_device *vdev; /* NULL once the device was closed */
	struct list_head dmabufs_elm;
	struct phys_vec *phys_vec;
	__u32 nr_ranges;
	struct {
		struct {
			struct {
				int counter;
			} refs;
		} refcount;
	} kref; /* of mappings at DMA addresses, and one more */
	__u8 revoked : 1;
};

/* As kernel/linux-6.12 has it. */
struct vfio_pci_dma_buf_range {
	__u64 start;
	__u64 length;
};

struct vfio_pci_dma_buf___series {
	struct list_head node;
	unsigned int mapped; /* how often, at DMA addresses */
	struct vfio_pci_dma_buf_range ranges[1];
};

/* The fd of a device; those that groups give have no node. */
struct vfio_device_file {
	void *iommufd; /* NULL until the device is bound */
};

#pragma clang attribute pop

/* In physical addresses. */
static void read_range(struct vfio_pci_dma_buf *record, __u32 index, __u64 *start, __u64 *length)
{
	if (bpf_core_field_exists(struct vfio_pci_dma_buf, phys_vec)) {
		struct phys_vec *vec = BPF_CORE_READ(record, phys_vec);

		vec = (void *)vec + index * bpf_core_type_size(struct phys_vec);
		*start = BPF_CORE_READ(vec, paddr);
		*length = BPF_CORE_READ(vec, len);
	} else {
		struct vfio_pci_dma_buf___series *series = (void *)record;
		struct vfio_pci_dma_buf_range *at = (void *)address_of(series, ranges);

		at = (void *)at + index * bpf_core_type_size(struct vfio_pci_dma_buf_range);
		*start = BPF_CORE_READ(at, start);
		*length = BPF_CORE_READ(at, length);
	}
}

/* The BAR at that address, -1 for none. *start: where it begins. */
static int find_region(struct pci_dev *pci, __u64 address, __u64 *start)
{
	for (int i = 0; i < BARS; i++) {
		struct resource *bar =
			(void *)address_of(pci, resource) + i * bpf_core_type_size(struct resource);

		*start = BPF_CORE_READ(bar, start);
		if (address >= *start && address <= BPF_CORE_READ(bar, end) && *start)
			return i;
	}
	return -1;
}

/* The BAR of an export whose device is open, and the device's name. *start: where that BAR begins.
 */
static int read_exporter(struct vfio_pci_dma_buf *record, char *name, __u32 size, __u64 *start)
{
	struct pci_dev *pci = BPF_CORE_READ(record, vdev, pdev);
	__u64 first, length;

	read_name(name, size, address_of(pci, dev));
	read_range(record, 0, &first, &length);
	return find_region(pci, first, start);
}

static bool is_export_revoked(struct vfio_pci_dma_buf *record)
{
	return BPF_CORE_READ_BITFIELD_PROBED(record, revoked);
}

static bool is_from_vfio(struct dma_buf *dmabuf)
{
	char exporter[sizeof(VFIO_EXPORTER)] = "";

	bpf_probe_read_kernel_str(exporter, sizeof(exporter), BPF_CORE_READ(dmabuf, exp_name));
#pragma unroll
	for (unsigned int i = 0; i < sizeof(exporter); i++)
		if (exporter[i] != VFIO_EXPORTER[i])
			return false;
	return true;
}

#endif
