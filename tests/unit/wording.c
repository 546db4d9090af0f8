// SPDX-License-Identifier: GPL-2.0-only
/* Messages of other programs, their formats filled in: whose, of what, and by which rules. */
#include <errno.h>
#include <string.h>

#include "importer/importer.h"
#include "rules/wording.h"
#include "tests/unit/check.h"
#include "util/errno.h"
#include "util/text.h"

#define QEMU_MAP                                                                               \
	"qemu-system-x86_64: warning: vfio_container_dma_map(0x55cc25705680, 0x380000000000, " \
	"0x1000000, 0x7f8762000000) = "
#define QEMU_P2P "\n0000:41:00.0: PCI peer-to-peer transactions on BARs are not supported."
#define OPENVMM_MAP                                                                            \
	"WARN failed to map device memory into iommufd IOAS; P2P DMA to this region will not " \
	"work error=failed to map 0x380000000000-0x380001000000 into iommufd IOAS error.sources="

static const struct {
	const char *text, *program;
	unsigned operations;
	const char *rules; /* in the order of the tables */
} messages[] = {
	{ "qemu-system-x86_64: warning: IOMMU_IOAS_MAP failed: Bad address, PCI BAR?", "QEMU",
	  OPERATION_MAP, "map-mmio" },
	{ "warning: IOMMU_IOAS_MAP failed: Bad address, PCI BAR?", "QEMU", OPERATION_MAP,
	  "map-mmio" },
	{ "qemu-system-x86_64: warning: IOMMU_IOAS_MAP_FILE failed: Bad address, PCI BAR?", "QEMU",
	  OPERATION_MAP_FILE, "" },
	{ QEMU_MAP "-14 (Bad address)" QEMU_P2P, "QEMU",
	  OPERATION_MAP | OPERATION_MAP_DMA | OPERATION_MAP_FILE, "map-mmio map-off" },
	{ QEMU_MAP "-22 (Invalid argument)" QEMU_P2P, "QEMU",
	  OPERATION_MAP | OPERATION_MAP_DMA | OPERATION_MAP_FILE,
	  "import-reserved import-unreachable import-unaligned import-empty import-beyond "
	  "import-memory map-window" },
	{ QEMU_MAP "-95 (Operation not supported)" QEMU_P2P, "QEMU",
	  OPERATION_MAP | OPERATION_MAP_DMA | OPERATION_MAP_FILE, "import-ranges import-exporter" },
	{ QEMU_MAP "-19 (No such device)" QEMU_P2P, "QEMU",
	  OPERATION_MAP | OPERATION_MAP_DMA | OPERATION_MAP_FILE, "import-revoked" },
	{ "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to setup "
	  "container for group 11: memory listener initialization failed: Region pc.ram: "
	  "vfio_dma_map(0x55de3c2a97f0, 0x40000000, 0x100000000, 0x7f8fcbe00000) = -22 (Invalid "
	  "argument)",
	  "QEMU", OPERATION_MAP_DMA, "map-window" },
	{ "qemu-system-aarch64: VFIO_MAP_DMA failed: Bad address", "QEMU", OPERATION_MAP_DMA,
	  "map-mmio map-off" },
	{ "qemu-system-x86_64: warning: VFIO dma-buf not supported in kernel: PCI BAR IOMMU "
	  "mappings may fail",
	  "QEMU", OPERATION_EXPORT, "export-feature" },
	{ "qemu-system-x86_64: 0000:01:00.0 BAR 2: failed to create dma-buf: PCI BAR IOMMU "
	  "mappings may fail: Operation not supported",
	  "QEMU", OPERATION_EXPORT, "export-driver" },
	{ "qemu-system-x86_64: -device vfio-pci,host=01:00.0,iommufd=iommufd0: vfio 0000:01:00.0: "
	  "error bind device fd=26 to iommufd=24: Operation not permitted",
	  "QEMU", OPERATION_BIND, "open-interrupts open-group-driver open-group-context" },
	{ "vfio 0000:01:00.0: [iommufd=24] error attach 0000:01:00.0 (26) to id=3: Bad address",
	  "QEMU", OPERATION_ATTACH, "map-mmio" },
	{ "qemu-system-x86_64: vfio 0000:01:00.0: failed to open /dev/vfio/7: Device or resource "
	  "busy",
	  "QEMU", 0, "" },
	{ "Failed to map VFIO MMIO region: Failed to DMA map: failed to map an IOVA range to the "
	  "IOAS: Bad address (os error 14) for device /sys/bus/pci/devices/0000:01:00.0 (guest "
	  "BDF: 0000:00:05.0)",
	  "Cloud Hypervisor", OPERATION_MAP, "map-mmio" },
	{ "VmBoot(DeviceManager(VfioMapRegion(DmaMap(IommufdIoctlError(IommuIoasMap(Error(14))), "
	  "\"/sys/bus/pci/devices/0000:01:00.0\", 0000:00:05.0))))",
	  "Cloud Hypervisor", OPERATION_MAP, "map-mmio" },
	{ "Error booting VM: VmBoot(DeviceManager(VfioDmaMap(IommuDmaMap(Error(22)))))",
	  "Cloud Hypervisor", OPERATION_MAP_DMA, "map-window" },
	{ "Failed to DMA map: failed to add guest memory map into iommu table: Bad address (os "
	  "error 14) for device /sys/bus/pci/devices/0000:01:00.0 (guest BDF: 0000:00:05.0)",
	  "Cloud Hypervisor", OPERATION_MAP_DMA, "map-mmio map-off" },
	{ "failed to bind the vfio device to the specified iommufd: Operation not permitted (os "
	  "error 1)",
	  "Cloud Hypervisor", OPERATION_BIND,
	  "open-interrupts open-group-driver open-group-context" },
	{ "failed to associate the vfio device with an IOAS within the bound iommufd: Address "
	  "already in use (os error 98)",
	  "Cloud Hypervisor", OPERATION_ATTACH, "attach-reserved attach-aperture" },
	{ OPENVMM_MAP "[IOMMU_IOAS_MAP failed, EFAULT: Bad address]", "OpenVMM", OPERATION_MAP,
	  "map-mmio" },
	{ OPENVMM_MAP "[IOMMU_IOAS_MAP_FILE failed, ENODEV: No such device]", "OpenVMM",
	  OPERATION_MAP_FILE, "import-revoked" },
	{ OPENVMM_MAP "[EEXIST: File exists]", "OpenVMM", OPERATION_MAP | OPERATION_MAP_FILE,
	  "import-occupied" },
	{ "WARN failed to map device memory into VFIO container; P2P DMA to this region will not "
	  "work error=VFIO DMA map failed error.sources=[VFIO_IOMMU_MAP_DMA failed, EFAULT: Bad "
	  "address]",
	  "OpenVMM", OPERATION_MAP_DMA, "map-mmio map-off" },
	{ "WARN failed to export BAR dmabuf; P2P DMA to this area will fall back to best-effort "
	  "VA mapping error=VFIO_DEVICE_FEATURE_DMA_BUF export failed error.sources=[ENOTTY: Not "
	  "a typewriter]",
	  "OpenVMM", OPERATION_EXPORT, "export-feature" },
	{ "ioctl(7, IOMMU_IOAS_MAP, {flags=IOMMU_IOAS_MAP_FIXED_IOVA}) = -1 EFAULT (Bad address)",
	  NULL, OPERATION_MAP, "map-mmio" },
	{ "ioctl(7, IOMMU_IOAS_UNMAP, {}) = -1 ENOENT (No such file or directory)", NULL, 0, "" },
	{ "dmabufctl: import fb: EEXIST: map0 (stale) occupies it", NULL, 0, "" },
};

static void list_rules(int error, unsigned operations, char *ids, size_t size)
{
	const struct rule_subject subject = { .importer = importers[0] }; /* iommufd, as for all of them */

	*ids = '\0';
	for (const struct rule *const *table = rule_tables; *table; table++)
		for_each_rule(rule, *table)
			if (rule->error == error && operations_have(operations, rule) &&
			    rule_is_of_importer(rule, &subject))
				text_join(ids, size, " ", "%s", rule->id);
}

static bool is_same(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		const char *text = messages[i].text;
		struct wording wording = wording_find(text);
		int error = wording.error ? wording.error : errno_in(text);
		char rules[400];

		list_rules(error, wording.operations, rules, sizeof(rules));
		check(is_same(wording.program, messages[i].program), "message %u: program %s", i,
		      wording.program);
		check(wording.operations == messages[i].operations, "message %u: operations 0x%x",
		      i, wording.operations);
		check(!strcmp(rules, messages[i].rules), "message %u: rules '%s'", i, rules);
	}
	for (unsigned bit = 1; bit <= OPERATION_LAST; bit <<= 1)
		check(*operation_name(bit), "operation 0x%x: %s", bit, operation_name(bit));
	return check_plan();
}
