// SPDX-License-Identifier: GPL-2.0-only
/* What is asked of a VFIO device, byte by byte: against a device that is made up here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "tests/unit/check.h"
#include "uapi/vfio.h"

/* Regions begin where their index says, as in the kernel (VFIO_PCI_INDEX_TO_OFFSET). */
#define REGION_AT(index) ((uint64_t)(index) << 40)
#define DEVICE 33

static uint8_t config[512];
static char journal[4096];	    /* what was written and asked for */
static int ioctl_result, io_result; /* negative: what the next of them gives */
static struct vfio_pci_dependent_device dependents[3];
static unsigned dependent_count;

static void note(const char *format, ...)
{
	size_t used = strlen(journal);
	va_list args;

	va_start(args, format);
	vsnprintf(journal + used, sizeof(journal) - used, format, args);
	va_end(args);
}

int sys_open(const char *path, int flags)
{
	note("open %s %d;", path, flags & O_ACCMODE);
	return DEVICE;
}

void sys_close(int fd)
{
	note("close %d;", fd);
}

ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset)
{
	uint64_t at = offset - REGION_AT(VFIO_PCI_CONFIG_REGION_INDEX);

	if (io_result)
		return io_result;
	if (fd == DEVICE && at < sizeof(config))
		memcpy(buffer, config + at, size);
	else
		note("pread %zu at %llu:%llx;", size, (unsigned long long)offset >> 40,
		     (unsigned long long)offset & 0xffffffffff);
	return size;
}

ssize_t sys_pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	uint64_t at = offset - REGION_AT(VFIO_PCI_CONFIG_REGION_INDEX);
	uint32_t value = 0;

	(void)fd;
	if (io_result)
		return io_result;
	memcpy(&value, buffer, size < 4 ? size : 4);
	if (at < sizeof(config)) {
		memcpy(config + at, buffer, size);
		note("config %llx=%0*x;", (unsigned long long)at, (int)size * 2, value);
	} else {
		note("pwrite %zu at %llu:%llx;", size, (unsigned long long)offset >> 40,
		     (unsigned long long)offset & 0xffffffffff);
	}
	return size;
}

int sys_mmap(int fd, size_t size, off_t offset, void **memory)
{
	(void)fd;
	*memory = journal;
	note("mmap %zu at %llu:%llx;", size, (unsigned long long)offset >> 40,
	     (unsigned long long)offset & 0xffffffffff);
	return 0;
}

static int answer(unsigned long request, void *arg)
{
	if (request == VFIO_DEVICE_GET_REGION_INFO) {
		struct vfio_region_info *info = arg;

		info->offset = REGION_AT(info->index);
		info->size = 0x1000 << info->index;
	} else if (request == VFIO_DEVICE_BIND_IOMMUFD) {
		struct vfio_device_bind_iommufd *bind = arg;

		note("{%u %u iommufd %d}", bind->argsz, bind->flags, bind->iommufd);
		bind->out_devid = 77;
	} else if (request == VFIO_DEVICE_ATTACH_IOMMUFD_PT) {
		struct vfio_device_attach_iommufd_pt *attach = arg;

		note("{%u %u pt %u}", attach->argsz, attach->flags, attach->pt_id);
	} else if (request == VFIO_DEVICE_DETACH_IOMMUFD_PT) {
		struct vfio_device_detach_iommufd_pt *detach = arg;

		note("{%u %u}", detach->argsz, detach->flags);
	} else if (request == VFIO_DEVICE_SET_IRQS) {
		struct vfio_irq_set *set = arg;
		__s32 event;

		memcpy(&event, set->data, sizeof(event));
		note("{%u flags %x index %u start %u count %u event %d}", set->argsz, set->flags,
		     set->index, set->start, set->count, event);
	} else if (request == VFIO_DEVICE_GET_PCI_HOT_RESET_INFO) {
		struct vfio_pci_hot_reset_info *info = arg;

		if (info->argsz < sizeof(*info) + dependent_count * sizeof(*dependents))
			return -ENOSPC;
		info->count = dependent_count;
		memcpy(info->devices, dependents, dependent_count * sizeof(*dependents));
	} else if (request == VFIO_DEVICE_PCI_HOT_RESET) {
		struct vfio_pci_hot_reset *reset = arg;

		note("{%u %u count %u}", reset->argsz, reset->flags, reset->count);
	} else if (request == VFIO_DEVICE_FEATURE) {
		struct vfio_device_feature *feature = arg;
		struct vfio_device_feature_dma_buf *export = (void *)feature->data;

		note("{%u flags %x", feature->argsz, feature->flags);
		if ((feature->flags & VFIO_DEVICE_FEATURE_MASK) == VFIO_DEVICE_FEATURE_DMA_BUF) {
			note(" bar %u open %x flags %u", export->region_index, export->open_flags,
			     export->flags);
			for (unsigned i = 0; i < export->nr_ranges; i++)
				note(" %llx+%llx", (unsigned long long)export->dma_ranges[i].offset,
				     (unsigned long long)export->dma_ranges[i].length);
		} else if ((feature->flags & VFIO_DEVICE_FEATURE_MASK) ==
			   VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP) {
			struct vfio_device_low_power_entry_with_wakeup *entry =
				(void *)feature->data;

			note(" event %d", entry->wakeup_eventfd);
		}
		note("}");
	}
	return ioctl_result;
}

int sys_ioctl(int fd, const char *name, unsigned long request, void *arg, const char *format, ...)
{
	int rc;

	(void)fd, (void)format;
	if (request != VFIO_DEVICE_GET_REGION_INFO)
		note("%s", name + strlen("VFIO_DEVICE_"));
	rc = answer(request, arg);
	if (request != VFIO_DEVICE_GET_REGION_INFO)
		note(";");
	return rc;
}

static void begin(void)
{
	*journal = '\0';
	ioctl_result = io_result = 0;
}

/* Was it that, and what does the device hear? */
#define told(rc, wanted_rc, wanted, what)                                                       \
	do {                                                                                    \
		int got = (rc);                                                                 \
		check(got == (wanted_rc) && !strcmp(journal, wanted), "%s: %d '%s'", what, got, \
		      journal);                                                                 \
		begin();                                                                        \
	} while (0)

static void check_requests(void)
{
	struct range ranges[] = { { 0x1000, 0x2000 }, { 0x8000, 0x4000 } };
	char buffer[16];
	void *memory;
	uint32_t id = 0;
	uint64_t size;

	told(vfio_open("/dev/x", 5, &id), DEVICE, "open /dev/x 2;BIND_IOMMUFD{16 0 iommufd 5};",
	     "open");
	check(id == 77, "its object");
	ioctl_result = -EPERM;
	told(vfio_open("/dev/x", 5, &id), -EPERM,
	     "open /dev/x 2;BIND_IOMMUFD{16 0 iommufd 5};close 33;", "refused, it is closed again");
	told(vfio_attach(DEVICE, 9), 0, "ATTACH_IOMMUFD_PT{12 0 pt 9};", "attach");
	told(vfio_detach(DEVICE), 0, "DETACH_IOMMUFD_PT{8 0};", "detach");
	ioctl_result = 12;
	told(vfio_export(DEVICE, 2, ranges, 1), 12,
	     "FEATURE{40 flags 1000b bar 2 open 80002 flags 0 1000+2000};", "export a range");
	told(vfio_export(DEVICE, 3, ranges, 2), 0,
	     "FEATURE{56 flags 1000b bar 3 open 80002 flags 0 1000+2000 8000+4000};",
	     "export both, each as it is");
	told(vfio_reset(DEVICE), 0, "RESET;", "reset");
	told(vfio_hot_reset(DEVICE), 0, "PCI_HOT_RESET{12 0 count 0};", "hot reset");
	told(vfio_set_request_event(DEVICE, 8), 0,
	     "SET_IRQS{24 flags 24 index 4 start 0 count 1 event 8};", "request event");
	told(vfio_set_low_power(DEVICE, true), 0, "FEATURE{8 flags 20003};", "low power");
	told(vfio_set_low_power(DEVICE, false), 0, "FEATURE{8 flags 20005};", "low power ends");
	told(vfio_low_power_until_woken(DEVICE, 8), 0, "FEATURE{16 flags 20004 event 8};",
	     "low power until it wakes up");
	told(vfio_bar_size(DEVICE, 3, &size), 0, "", "size");
	check(size == 0x8000, "of that BAR");
	told(vfio_map_region(DEVICE, 2, (struct range){ 0x3000, 0x1000 }, &memory), 0,
	     "mmap 4096 at 2:3000;", "map a part");
	told(vfio_read_region(DEVICE, 1, 0x40, buffer, 8), 0, "pread 8 at 1:40;", "read");
	told(vfio_write_region(DEVICE, 4, 0x48, buffer, 4), 0, "pwrite 4 at 4:48;", "write");
	io_result = -EIO;
	told(vfio_read_region(DEVICE, 1, 0, buffer, 8), -EIO, "", "read that fails");
	io_result = -EPERM;
	told(vfio_write_region(DEVICE, 1, 0, buffer, 8), -EPERM, "", "write that fails");
	io_result = 7;
	told(vfio_read_region(DEVICE, 1, 0, buffer, 8), -EIO, "", "less than was asked for");
	io_result = 7;
	told(vfio_write_region(DEVICE, 1, 0, buffer, 8), -EIO, "", "less than was given");
	ioctl_result = -ENOTTY;
	told(vfio_read_region(DEVICE, 1, 0, buffer, 8), -ENOTTY, "", "no such region");
}

/* Capabilities: MSI-X at 0x40, power management at 0x68, PCI Express at 0x80. */
static void make_config(void)
{
	memset(config, 0, sizeof(config));
	config[PCI_COMMAND] = 0x46;
	config[PCI_COMMAND + 1] = 0x05;
	config[PCI_CAPABILITY_LIST] = 0x40;
	memcpy(config + 0x40, (uint8_t[]){ PCI_CAP_ID_MSIX, 0x6a },
	       2); /* the low bits are reserved */
	memcpy(config + 0x68, (uint8_t[]){ PCI_CAP_ID_PM, 0x80 }, 2);
	memcpy(config + 0x80, (uint8_t[]){ PCI_CAP_ID_EXP, 0 }, 2);
	config[0x68 + PCI_PM_CTRL] = 0x08;
	config[0x80 + PCI_EXP_DEVCAP + 3] = 0x10; /* function level reset */
	config[0x80 + PCI_EXP_DEVCTL] = 0x10;
	config[0x80 + PCI_EXP_DEVCTL + 1] = 0x28;
}

static void check_config(void)
{
	bool on = false;

	make_config();
	told(vfio_memory_decode(DEVICE, &on), 0, "", "memory decode");
	check(on, "is on");
	told(vfio_set_memory_decode(DEVICE, false), 0, "config 4=0544;", "off, and no other bit");
	told(vfio_memory_decode(DEVICE, &on), 0, "", "memory decode");
	check(!on, "is off");
	told(vfio_set_memory_decode(DEVICE, true), 0, "config 4=0546;", "and on");
	told(vfio_set_bus_master(DEVICE, false), 0, "config 4=0542;", "bus master off");
	told(vfio_set_bus_master(DEVICE, true), 0, "config 4=0546;", "and on");
	told(vfio_flr(DEVICE), 0, "config 88=a810;", "function level reset");
	told(vfio_set_power(DEVICE, VFIO_D3HOT), 0, "config 6c=000b;", "D3hot");
	told(vfio_set_power(DEVICE, VFIO_D0), 0, "config 6c=0008;", "D0");
	config[0x80 + PCI_EXP_DEVCAP + 3] = 0xef;
	told(vfio_flr(DEVICE), -EOPNOTSUPP, "", "a device without function level reset");
	config[0x69] = 0;
	told(vfio_flr(DEVICE), -EOPNOTSUPP, "", "no PCI Express");
	config[PCI_CAPABILITY_LIST] = 0;
	told(vfio_set_power(DEVICE, VFIO_D0), -EOPNOTSUPP, "", "no capabilities");
	config[PCI_CAPABILITY_LIST] = 0x40;
	config[0x69] = 0x40;
	told(vfio_flr(DEVICE), -EOPNOTSUPP, "", "a list that goes in circles");
	io_result = -EIO;
	told(vfio_flr(DEVICE), -EIO, "", "config space that cannot be read");
	io_result = -EIO;
	told(vfio_set_memory_decode(DEVICE, true), -EIO, "", "nothing is written without reading");
}

/* The capability that is wanted may be the first, the 48th, and not the 49th. */
static void check_length(void)
{
	memset(config, 0, sizeof(config));
	config[PCI_CAPABILITY_LIST] = 0x40;
	for (unsigned i = 0; i < 47; i++) {
		config[0x40 + 4 * i] = PCI_CAP_ID_VNDR;
		config[0x41 + 4 * i] = 0x44 + 4 * i;
	}
	config[0x40 + 4 * 47] = PCI_CAP_ID_PM;
	told(vfio_set_power(DEVICE, VFIO_D3HOT), 0, "config 100=0003;", "the last of 48");
	config[0x40] = PCI_CAP_ID_PM;
	told(vfio_set_power(DEVICE, VFIO_D3HOT), 0, "config 44=480b;", "the first");
}

static void check_members(void)
{
	struct vfio_reset_member *members;
	unsigned count = 9;

	dependents[0] = (struct vfio_pci_dependent_device){ .group_id = 3, .bus = 1 };
	dependents[1] = (struct vfio_pci_dependent_device){
		.group_id = VFIO_PCI_DEVID_OWNED, .segment = 0xfedc, .bus = 0xe1, .devfn = 0xff
	};
	dependents[2] = (struct vfio_pci_dependent_device){ .group_id = VFIO_PCI_DEVID_NOT_OWNED,
							    .bus = 0x3,
							    .devfn = 0x09 };
	dependent_count = 3;
	told(vfio_hot_reset_set(DEVICE, &members, &count), 0, "GET_PCI_HOT_RESET_INFO;",
	     "who is reset");
	check(count == 3, "all of them");
	check(!strcmp(members[0].name.bdf, "0000:01:00.0") && members[0].owned, "one of ours");
	check(!strcmp(members[1].name.bdf, "fedc:e1:1f.7") && members[1].owned, "one of nobody");
	check(!strcmp(members[2].name.bdf, "0000:03:01.1") && !members[2].owned, "somebody's");
	free(members);
	ioctl_result = -ENODEV;
	told(vfio_hot_reset_set(DEVICE, &members, &count), -ENODEV, "GET_PCI_HOT_RESET_INFO;",
	     "a bus without reset");
}

int main(void)
{
	check_requests();
	check_config();
	check_length();
	check_members();
	return check_plan();
}
