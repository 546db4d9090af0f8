/* SPDX-License-Identifier: GPL-2.0-only */
/* Notes what VFIO has on record of its dma-bufs. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_EXPORTS_BPF_H
#define DMABUFCTL_KERNEL_INVENTORY_EXPORTS_BPF_H

#define RANGES_MAX 65536

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

struct export
{
	struct vfio_pci_dma_buf *record;
	__u64 start; /* of the BAR */
};

static long note_range(__u32 index, struct export *export)
{
	struct survey_record *record = draft(SURVEY_RANGE);
	__u64 start, length;

	read_range(export->record, index, &start, &length);
	record->range.offset = start - export->start;
	record->range.length = length;
	note(record);
	return 0;
}

static __u32 note_first(struct dma_buf *dmabuf, struct export *export)
{
	struct vfio_pci_dma_buf *priv = export->record;
	struct vfio_pci_core_device *device = BPF_CORE_READ(priv, vdev);
	struct survey_record *record = draft(SURVEY_EXPORT);

	record->export.inode = BPF_CORE_READ(dmabuf, file, f_inode, i_ino);
	record->export.size = BPF_CORE_READ(dmabuf, size);
	record->export.revoked = is_export_revoked(priv);
	record->export.closed = !device;
	record->export.region = -1;
	if (device)
		record->export.region = read_exporter(
			priv, record->export.device, sizeof(record->export.device), &export->start);
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
