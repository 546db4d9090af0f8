// SPDX-License-Identifier: GPL-2.0-only
#include "rules/wording.h"

#include <errno.h>
#include <string.h>

/* The rules of each, by what they are during. */
static const struct {
	enum operation operation;
	const char *name, *during;
} operations[] = {
	{ OPERATION_MAP, "IOMMU_IOAS_MAP", "IOMMU_IOAS_MAP" },
	{ OPERATION_MAP_DMA, "VFIO_IOMMU_MAP_DMA", "VFIO_IOMMU_MAP_DMA" },
	{ OPERATION_MAP_FILE, "IOMMU_IOAS_MAP_FILE", "import" },
	{ OPERATION_EXPORT, "VFIO_DEVICE_FEATURE_DMA_BUF", "export" },
	{ OPERATION_BIND, "VFIO_DEVICE_BIND_IOMMUFD", "attach" },
	{ OPERATION_ATTACH, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", "attach" },
};

#define OPERATIONS (sizeof(operations) / sizeof(*operations))
#define ANY_MAP (OPERATION_MAP | OPERATION_MAP_DMA | OPERATION_MAP_FILE)

/*
 * The first that is in a message counts, for the program and for the operations each. So what says
 * more stands before what says less, and the kernel's own names before what may be several.
 */
static const struct {
	const char *words; /* in any message of that kind */
	struct wording means;
} wordings[] = {
	/* QEMU: backends/iommufd.c, hw/vfio/ */
	{ "qemu-system-", { "QEMU", 0, 0 } },
	{ ", PCI BAR?", { "QEMU", 0, 0 } },
	{ "[iommufd=", { "QEMU", 0, 0 } },
	{ "VFIO dma-buf not supported in kernel", { "QEMU", OPERATION_EXPORT, ENOTTY } },
	{ "failed to create dma-buf: PCI BAR", { "QEMU", OPERATION_EXPORT, 0 } },
	{ "error bind device fd=", { "QEMU", OPERATION_BIND, 0 } },
	/* Cloud Hypervisor: pci/src/vfio.rs, and rust-vmm's vfio-ioctls and iommufd-ioctls */
	{ "cloud-hypervisor", { "Cloud Hypervisor", 0, 0 } },
	{ "an IOVA range to the IOAS", { "Cloud Hypervisor", OPERATION_MAP, 0 } },
	{ "IommuIoasMap(", { "Cloud Hypervisor", OPERATION_MAP, 0 } },
	{ "memory map into iommu table", { "Cloud Hypervisor", OPERATION_MAP_DMA, 0 } },
	{ "IommuDmaMap(", { "Cloud Hypervisor", OPERATION_MAP_DMA, 0 } },
	{ "device to the specified iommufd", { "Cloud Hypervisor", OPERATION_BIND, 0 } },
	{ "VfioDeviceBindIommufd(", { "Cloud Hypervisor", OPERATION_BIND, 0 } },
	{ "device with an IOAS within", { "Cloud Hypervisor", OPERATION_ATTACH, 0 } },
	{ "VfioDeviceAttachIommufdPt(", { "Cloud Hypervisor", OPERATION_ATTACH, 0 } },
	/* OpenVMM: vm/devices/pci/vfio_assigned_device, vm/devices/user_driver/vfio_sys */
	{ "into iommufd IOAS", { "OpenVMM", 0, 0 } },
	{ "into VFIO container", { "OpenVMM", 0, 0 } },
	{ "VFIO DMA map failed", { "OpenVMM", OPERATION_MAP_DMA, 0 } },
	{ "VFIO_DEVICE_FEATURE_DMA_BUF export", { "OpenVMM", OPERATION_EXPORT, 0 } },
	{ "cdev device to IOAS", { "OpenVMM", OPERATION_ATTACH, 0 } },
	/* Anybody's, strace's too. */
	{ "IOMMU_IOAS_MAP_FILE", { NULL, OPERATION_MAP_FILE, 0 } },
	{ "IOMMU_IOAS_MAP", { NULL, OPERATION_MAP, 0 } },
	{ "VFIO_IOMMU_MAP_DMA", { NULL, OPERATION_MAP_DMA, 0 } },
	{ "VFIO_DEVICE_FEATURE_DMA_BUF", { NULL, OPERATION_EXPORT, 0 } },
	{ "VFIO_DEVICE_BIND_IOMMUFD", { NULL, OPERATION_BIND, 0 } },
	{ "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { NULL, OPERATION_ATTACH, 0 } },
	/* What may be several: of QEMU before and after it learned of iommufd, and of OpenVMM. */
	{ "vfio_container_dma_map(", { "QEMU", ANY_MAP, 0 } },
	{ "vfio_dma_map(", { "QEMU", OPERATION_MAP_DMA, 0 } },
	{ "VFIO_MAP_DMA failed", { "QEMU", OPERATION_MAP_DMA, 0 } },
	{ "error attach ", { "QEMU", OPERATION_ATTACH, 0 } },
	{ "into iommufd IOAS", { "OpenVMM", OPERATION_MAP | OPERATION_MAP_FILE, 0 } },
};

struct wording wording_find(const char *text)
{
	struct wording found = { 0 };

	for (unsigned i = 0; i < sizeof(wordings) / sizeof(*wordings); i++) {
		const struct wording *means = &wordings[i].means;

		if (!strstr(text, wordings[i].words))
			continue;
		if (!found.program)
			found.program = means->program;
		if (!found.operations) {
			found.operations = means->operations;
			found.error = means->error;
		}
	}
	return found;
}

const char *operation_name(enum operation operation)
{
	unsigned i = 0;

	while (operations[i].operation != operation)
		i++;
	return operations[i].name;
}

bool operations_have(unsigned asked, const struct rule *rule)
{
	for (unsigned i = 0; i < OPERATIONS; i++)
		if (asked & operations[i].operation && rule_is_during(rule, operations[i].during))
			return true;
	return false;
}
