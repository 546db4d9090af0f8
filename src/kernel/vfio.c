// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/vfio.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "uapi/vfio.h"

#define offset_of_end(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

int vfio_open(const char *cdev, int iommufd, uint32_t *id)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = offset_of_end(struct vfio_device_bind_iommufd, out_devid),
		.iommufd = iommufd,
	};
	int device = sys_open(cdev, O_RDWR);
	int rc;

	if (device < 0)
		return device;
	rc = sys_ioctl(device, "VFIO_DEVICE_BIND_IOMMUFD", VFIO_DEVICE_BIND_IOMMUFD, &bind,
		       "{iommufd %d}", iommufd);
	if (rc) {
		sys_close(device);
		return rc;
	}
	*id = bind.out_devid;
	return device;
}

int vfio_attach(int device, uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = offset_of_end(struct vfio_device_attach_iommufd_pt, pt_id),
		.pt_id = ioas,
	};

	return sys_ioctl(device, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", VFIO_DEVICE_ATTACH_IOMMUFD_PT,
			 &attach, "{pt %u}", ioas);
}

int vfio_detach(int device)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = offset_of_end(struct vfio_device_detach_iommufd_pt, flags),
	};

	return sys_ioctl(device, "VFIO_DEVICE_DETACH_IOMMUFD_PT", VFIO_DEVICE_DETACH_IOMMUFD_PT,
			 &detach, "%s", "");
}

int vfio_export(int device, unsigned bar, const struct range *ranges, unsigned count)
{
	struct vfio_device_feature_dma_buf *export;
	size_t size = sizeof(struct vfio_device_feature) + sizeof(*export) +
		      count * sizeof(export->dma_ranges[0]);
	auto_free struct vfio_device_feature *feature = malloc(size);

	if (!feature)
		return -ENOMEM;
	*feature = (struct vfio_device_feature){
		.argsz = size,
		.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
	};
	export = (void *)feature->data;
	*export = (struct vfio_device_feature_dma_buf){
		.region_index = bar,
		.open_flags = O_RDWR | O_CLOEXEC,
		.nr_ranges = count,
	};
	for (unsigned i = 0; i < count; i++) {
		export->dma_ranges[i].offset = ranges[i].offset;
		export->dma_ranges[i].length = ranges[i].length;
	}
	return sys_ioctl(device, "VFIO_DEVICE_FEATURE", VFIO_DEVICE_FEATURE, feature,
			 "GET|DMA_BUF {bar %u, %u range%s 0x%llx+0x%llx%s}", bar, count,
			 count == 1 ? "" : "s", (unsigned long long)ranges[0].offset,
			 (unsigned long long)ranges[0].length, count > 1 ? ", ..." : "");
}

int vfio_probe_export(int device)
{
	struct vfio_device_feature probe = {
		.argsz = sizeof(probe),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_DMA_BUF,
	};

	return sys_ioctl(device, "VFIO_DEVICE_FEATURE", VFIO_DEVICE_FEATURE, &probe,
			 "PROBE|GET|DMA_BUF");
}

static int region_info(int device, unsigned index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	return sys_ioctl(device, "VFIO_DEVICE_GET_REGION_INFO", VFIO_DEVICE_GET_REGION_INFO, info,
			 "{region %u}", index);
}

int vfio_bar_size(int device, unsigned bar, uint64_t *size)
{
	struct vfio_region_info info;
	int rc = region_info(device, bar, &info);

	*size = info.size;
	return rc;
}

int vfio_reset(int device)
{
	return sys_ioctl(device, "VFIO_DEVICE_RESET", VFIO_DEVICE_RESET, NULL, "%s", "");
}

/* Reads the command register; *offset is its place in the device file. */
static int read_command(int device, off_t *offset, uint16_t *command)
{
	struct vfio_region_info info;
	uint16_t raw;
	ssize_t got;
	int rc = region_info(device, VFIO_PCI_CONFIG_REGION_INDEX, &info);

	if (rc)
		return rc;
	*offset = info.offset + PCI_COMMAND;
	got = sys_pread(device, &raw, sizeof(raw), *offset);
	if (got < 0)
		return got;
	if (got != sizeof(raw))
		return -EIO;
	*command = le16toh(raw);
	return 0;
}

int vfio_memory_decode(int device, bool *on)
{
	uint16_t command;
	off_t offset;
	int rc = read_command(device, &offset, &command);

	if (rc)
		return rc;
	*on = command & PCI_COMMAND_MEMORY;
	return 0;
}

static int set_command_bit(int device, uint16_t bit, bool on)
{
	uint16_t command;
	off_t offset;
	ssize_t put;
	int rc = read_command(device, &offset, &command);

	if (rc)
		return rc;
	if (on)
		command |= bit;
	else
		command &= ~bit;
	command = htole16(command);
	put = sys_pwrite(device, &command, sizeof(command), offset);
	return put < 0 ? put : put == sizeof(command) ? 0 : -EIO;
}

int vfio_set_memory_decode(int device, bool on)
{
	return set_command_bit(device, PCI_COMMAND_MEMORY, on);
}

int vfio_set_bus_master(int device, bool on)
{
	return set_command_bit(device, PCI_COMMAND_MASTER, on);
}

int vfio_read_bar(int device, unsigned bar, uint64_t offset, void *buffer, size_t size)
{
	struct vfio_region_info info;
	int rc = region_info(device, bar, &info);
	ssize_t got;

	if (rc)
		return rc;
	got = sys_pread(device, buffer, size, info.offset + offset);
	return got < 0 ? got : (size_t)got == size ? 0 : -EIO;
}

int vfio_write_bar(int device, unsigned bar, uint64_t offset, const void *buffer, size_t size)
{
	struct vfio_region_info info;
	int rc = region_info(device, bar, &info);
	ssize_t put;

	if (rc)
		return rc;
	put = sys_pwrite(device, buffer, size, info.offset + offset);
	return put < 0 ? put : (size_t)put == size ? 0 : -EIO;
}
