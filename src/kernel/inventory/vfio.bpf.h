/* SPDX-License-Identifier: GPL-2.0-only */
/* What VFIO has on record of its dma-bufs (drivers/vfio/pci/vfio_pci_dmabuf.c). */
#ifndef DMABUFCTL_KERNEL_INVENTORY_VFIO_BPF_H
#define DMABUFCTL_KERNEL_INVENTORY_VFIO_BPF_H

#define VFIO_EXPORTER "vfio_pci_core"
#define BARS 6
#define RANGES_MAX 65536

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct resource {
	__u64 start, end;
};

struct pci_dev {
	struct device dev;
	struct resource resource[BARS];
};

struct vfio_pci_core_device {
	struct pci_dev *pdev;
};

struct phys_vec {
	__u64 paddr;
	__u64 len;
};

struct vfio_pci_dma_buf {
	struct dma_buf *dmabuf;
	struct vfio_pci_core_device *vdev; /* NULL once the device was closed */
	struct phys_vec *phys_vec;
	__u32 nr_ranges;
	__u8 revoked : 1;
};

/* As kernel/linux-6.12 has it. */
struct vfio_pci_dma_buf_range {
	__u64 start;
	__u64 length;
};

struct vfio_pci_dma_buf___series {
	struct vfio_pci_dma_buf_range ranges[1];
};

/* The fd of a device; those that groups give have no node. */
struct vfio_device_file {
	void *iommufd; /* NULL until the device is bound */
};

#pragma clang attribute pop

static enum survey_layout vfio_layout(void)
{
	if (!bpf_core_type_exists(struct vfio_pci_dma_buf))
		return LAYOUT_ABSENT;
	if (!bpf_core_field_exists(struct vfio_pci_dma_buf, dmabuf) ||
	    !bpf_core_field_exists(struct vfio_pci_dma_buf, vdev) ||
	    !bpf_core_field_exists(struct vfio_pci_dma_buf, nr_ranges) ||
	    !bpf_core_field_exists(struct vfio_pci_dma_buf, revoked))
		return LAYOUT_UNKNOWN;
	return bpf_core_field_exists(struct vfio_pci_dma_buf, phys_vec) ||
			       bpf_core_field_exists(struct vfio_pci_dma_buf___series, ranges) ?
		       LAYOUT_KNOWN :
		       LAYOUT_UNKNOWN;
}

static void read_range(struct vfio_pci_dma_buf *record, __u32 index, struct survey_range *range)
{
	if (bpf_core_field_exists(struct vfio_pci_dma_buf, phys_vec)) {
		struct phys_vec *vec = BPF_CORE_READ(record, phys_vec);

		vec = (void *)vec + index * bpf_core_type_size(struct phys_vec);
		range->offset = BPF_CORE_READ(vec, paddr);
		range->length = BPF_CORE_READ(vec, len);
	} else {
		struct vfio_pci_dma_buf___series *series = (void *)record;
		struct vfio_pci_dma_buf_range *at = (void *)address_of(series, ranges);

		at = (void *)at + index * bpf_core_type_size(struct vfio_pci_dma_buf_range);
		range->offset = BPF_CORE_READ(at, start);
		range->length = BPF_CORE_READ(at, length);
	}
}

/* The BAR at that address, -1 for none. *start: where it begins. */
static int find_region(struct pci_dev *pci, __u64 address, __u64 *start)
{
	for (int i = 0; i < BARS; i++) {
		struct resource *bar = (void *)address_of(pci, resource) +
				       i * bpf_core_type_size(struct resource);

		*start = BPF_CORE_READ(bar, start);
		if (address >= *start && address <= BPF_CORE_READ(bar, end) && *start)
			return i;
	}
	return -1;
}

struct export
{
	struct vfio_pci_dma_buf *record;
	__u64 start; /* of the BAR */
};

static long note_range(__u32 index, struct export *export)
{
	struct survey_record *record = draft(SURVEY_RANGE);
	struct survey_range range;

	read_range(export->record, index, &range);
	record->range.offset = range.offset - export->start;
	record->range.length = range.length;
	note(record);
	return 0;
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

static __u32 note_first(struct dma_buf *dmabuf, struct export *export)
{
	struct vfio_pci_dma_buf *priv = export->record;
	struct vfio_pci_core_device *device = BPF_CORE_READ(priv, vdev);
	struct survey_record *record = draft(SURVEY_EXPORT);
	struct pci_dev *pci = BPF_CORE_READ(device, pdev);
	struct survey_range first;

	record->export.inode = BPF_CORE_READ(dmabuf, file, f_inode, i_ino);
	record->export.size = BPF_CORE_READ(dmabuf, size);
	record->export.revoked = BPF_CORE_READ_BITFIELD_PROBED(priv, revoked);
	record->export.closed = !device;
	record->export.region = -1;
	if (device) {
		read_name(record->export.device, sizeof(record->export.device),
			  address_of(pci, dev));
		read_range(priv, 0, &first);
		record->export.region = find_region(pci, first.offset, &export->start);
	}
	if (record->export.region >= 0)
		record->export.ranges = BPF_CORE_READ(priv, nr_ranges);
	if (record->export.ranges > RANGES_MAX)
		record->export.ranges = 0;
	note(record);
	return record->export.ranges;
}

/* Of a dma-buf that stays meanwhile, as somebody has a reference. */
verified_once int note_export(__u64 address)
{
	struct dma_buf *dmabuf = (void *)address;
	struct vfio_pci_dma_buf *priv = BPF_CORE_READ(dmabuf, priv);
	struct export export = { .record = priv };

	if (vfio_layout() == LAYOUT_KNOWN && is_from_vfio(dmabuf) &&
	    BPF_CORE_READ(priv, dmabuf) == dmabuf)
		bpf_loop(note_first(dmabuf, &export), note_range, &export, 0);
	return 0;
}

#endif
