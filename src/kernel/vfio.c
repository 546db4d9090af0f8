// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/vfio.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/capability.h"
#include "kernel/sys.h"
#include "uapi/vfio.h"
#include "util/scope.h"

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

/* A feature and what belongs to it, size bytes of data. The caller frees it. */
static struct vfio_device_feature *new_feature(uint32_t flags, size_t size)
{
	struct vfio_device_feature *feature = calloc(1, sizeof(*feature) + size);

	if (feature) {
		feature->argsz = sizeof(*feature) + size;
		feature->flags = flags;
	}
	return feature;
}

int vfio_export(int device, unsigned bar, const struct range *ranges, unsigned count)
{
	struct vfio_device_feature_dma_buf *export;
	auto_free struct vfio_device_feature *feature =
		new_feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
			    sizeof(*export) + count * sizeof(export->dma_ranges[0]));

	if (!feature)
		return -ENOMEM;
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

int vfio_set_request_event(int device, int event)
{
	_Alignas(struct vfio_irq_set) char space[sizeof(struct vfio_irq_set) + sizeof(__s32)];
	struct vfio_irq_set *request = (void *)space;

	*request = (struct vfio_irq_set){
		.argsz = sizeof(space),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_REQ_IRQ_INDEX,
		.count = 1,
	};
	memcpy(request->data, &event, sizeof(__s32));
	return sys_ioctl(device, "VFIO_DEVICE_SET_IRQS", VFIO_DEVICE_SET_IRQS, request,
			 "{request, eventfd %d}", event);
}

int vfio_read_region(int device, unsigned index, uint64_t offset, void *buffer, size_t size)
{
	struct vfio_region_info info;
	int rc = region_info(device, index, &info);
	ssize_t got;

	if (rc)
		return rc;
	got = sys_pread(device, buffer, size, info.offset + offset);
	return got < 0 ? got : (size_t)got == size ? 0 : -EIO;
}

int vfio_write_region(int device, unsigned index, uint64_t offset, const void *buffer, size_t size)
{
	struct vfio_region_info info;
	int rc = region_info(device, index, &info);
	ssize_t put;

	if (rc)
		return rc;
	put = sys_pwrite(device, buffer, size, info.offset + offset);
	return put < 0 ? put : (size_t)put == size ? 0 : -EIO;
}

int vfio_map_region(int device, unsigned index, struct range part, void **memory)
{
	struct vfio_region_info info;
	int rc = region_info(device, index, &info);

	return rc ? rc : sys_mmap(device, part.length, info.offset + part.offset, memory);
}

/* Config space, of size 1, 2 or 4, in the CPU's byte order. */
static int read_config(int device, unsigned offset, unsigned size, uint32_t *value)
{
	uint32_t raw = 0;
	int rc = vfio_read_region(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, &raw, size);

	*value = le32toh(raw);
	return rc;
}

static int read_config_of(const void *device, unsigned offset, unsigned size, uint32_t *value)
{
	return read_config(*(const int *)device, offset, size, value);
}

static int write_config(int device, unsigned offset, unsigned size, uint32_t value)
{
	value = htole32(value);
	return vfio_write_region(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, &value, size);
}

/* Changes the bits of mask in a 16-bit register. */
static int update_config(int device, unsigned offset, uint16_t mask, uint16_t bits)
{
	uint32_t value;
	int rc = read_config(device, offset, 2, &value);

	return rc ? rc : write_config(device, offset, 2, (value & ~(uint32_t)mask) | bits);
}

int vfio_memory_decode(int device, bool *on)
{
	uint32_t command;
	int rc = read_config(device, PCI_COMMAND, 2, &command);

	if (rc)
		return rc;
	*on = command & PCI_COMMAND_MEMORY;
	return 0;
}

int vfio_set_memory_decode(int device, bool on)
{
	return update_config(device, PCI_COMMAND, PCI_COMMAND_MEMORY, on ? PCI_COMMAND_MEMORY : 0);
}

int vfio_set_bus_master(int device, bool on)
{
	return update_config(device, PCI_COMMAND, PCI_COMMAND_MASTER, on ? PCI_COMMAND_MASTER : 0);
}

int vfio_flr(int device)
{
	unsigned express;
	uint32_t capabilities;
	int rc = capability_find(read_config_of, &device, PCI_CAP_ID_EXP, &express);

	if (!rc)
		rc = read_config(device, express + PCI_EXP_DEVCAP, 4, &capabilities);
	if (!rc && !(capabilities & PCI_EXP_DEVCAP_FLR))
		rc = -EOPNOTSUPP;
	return rc ? rc :
		    update_config(device, express + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR,
				  PCI_EXP_DEVCTL_BCR_FLR);
}

int vfio_set_power(int device, enum vfio_power state)
{
	unsigned power;
	int rc = capability_find(read_config_of, &device, PCI_CAP_ID_PM, &power);

	return rc ? rc : update_config(device, power + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK, state);
}

int vfio_set_low_power(int device, bool on)
{
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_SET | (on ? VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY :
							 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT),
	};

	return sys_ioctl(device, "VFIO_DEVICE_FEATURE", VFIO_DEVICE_FEATURE, &feature,
			 "SET|LOW_POWER_%s", on ? "ENTRY" : "EXIT");
}

int vfio_low_power_until_woken(int device, int eventfd)
{
	struct vfio_device_low_power_entry_with_wakeup *entry;
	auto_free struct vfio_device_feature *feature = new_feature(
		VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		sizeof(*entry));

	if (!feature)
		return -ENOMEM;
	entry = (void *)feature->data;
	entry->wakeup_eventfd = eventfd;
	return sys_ioctl(device, "VFIO_DEVICE_FEATURE", VFIO_DEVICE_FEATURE, feature,
			 "SET|LOW_POWER_ENTRY_WITH_WAKEUP {eventfd %d}", eventfd);
}

static int get_reset_info(int device, struct vfio_pci_hot_reset_info *info, unsigned room)
{
	*info = (struct vfio_pci_hot_reset_info){
		.argsz = sizeof(*info) + room * sizeof(info->devices[0]),
	};
	return sys_ioctl(device, "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO",
			 VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info, "{room for %u}", room);
}

int vfio_hot_reset_set(int device, struct vfio_reset_member **members, unsigned *count)
{
	/* A bus has 256 functions at the most. */
	auto_free struct vfio_pci_hot_reset_info *info =
		malloc(sizeof(*info) + 256 * sizeof(info->devices[0]));
	int rc = info ? get_reset_info(device, info, 256) : -ENOMEM;

	if (rc)
		return rc;
	*members = calloc(info->count + 1, sizeof(**members));
	if (!*members)
		return -ENOMEM;
	*count = info->count;
	for (unsigned i = 0; i < info->count; i++) {
		const struct vfio_pci_dependent_device *from = &info->devices[i];

		snprintf((*members)[i].name.bdf, sizeof((*members)[i].name.bdf),
			 "%04x:%02x:%02x.%x", from->segment, from->bus, from->devfn >> 3,
			 from->devfn & 7);
		(*members)[i].owned = (int)from->group_id != VFIO_PCI_DEVID_NOT_OWNED;
	}
	return 0;
}

int vfio_hot_reset(int device)
{
	struct vfio_pci_hot_reset reset = { .argsz = sizeof(reset) };

	return sys_ioctl(device, "VFIO_DEVICE_PCI_HOT_RESET", VFIO_DEVICE_PCI_HOT_RESET, &reset,
			 "{count 0}");
}
