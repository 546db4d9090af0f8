// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU faults in the kernel's log, each driver's wording, and what only looks like one. */
#include <string.h>

#include "kernel/fault.h"
#include "tests/unit/check.h"

#define VIRTIO "\n SUBSYSTEM=virtio\n DEVICE=+virtio:virtio3\n"
#define IVHD "\n SUBSYSTEM=iommu\n DEVICE=+iommu:ivhd0\n"
#define EDU "\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:03.0\n"
#define SMMU3 "\n SUBSYSTEM=platform\n DEVICE=+platform:arm-smmu-v3.0.auto\n"
#define SMMU2 "\n SUBSYSTEM=platform\n DEVICE=+platform:5000000.iommu\n"

static const struct {
	const char *record;
	uint64_t address;
	const char *device;
} faults[] = {
	{ "3,811,1204113,-;DMAR: [DMA Write NO_PASID] Request device [0000:00:03.0] fault addr "
	  "0x10000000 [fault reason 0x05] PTE Write access is not set\n",
	  0x10000000, "0000:00:03.0" },
	{ "3,811,1204113,-;DMAR: [DMA Read NO_PASID] Request device [02:00.0] fault addr 0xfffff000 "
	  "[fault reason 0x06] PTE Read access is not set\n",
	  0xfffff000, "02:00.0" },
	{ "3,811,1204113,-,caller=T12;DMAR: [DMA Write PASID 0x1f] Request device [10000:e1:1f.7] "
	  "fault addr 0xffffffffff000 [fault reason 0x71] SM: Present bit in first-level paging\n",
	  0xffffffffff000, "10000:e1:1f.7" },
	{ "3,9,1,-;vfio-pci 0000:00:03.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0011 "
	  "address=0x10000000 flags=0x0020]" EDU,
	  0x10000000, "0000:00:03.0" },
	{ "3,9,1,-;AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:00:03.0 domain=0x0011 "
	  "address=0x10000000 flags=0x0020]\n",
	  0x10000000, "0000:00:03.0" },
	{ "3,9,1,-;vfio-pci 0000:00:03.0: AMD-Vi: Event logged [RMP_PAGE_FAULT vmg_tag=0x0000, "
	  "gpa=0x7000, flags_rmp=0x0000, flags=0x0020]" EDU,
	  0x7000, "0000:00:03.0" },
	{ "3,9,1,-;AMD-Vi: Event logged [RMP_PAGE_FAULT device=0000:41:00.0, vmg_tag=0x0000, "
	  "gpa=0x7000, flags_rmp=0x0000, flags=0x0020]\n",
	  0x7000, "0000:41:00.0" },
	{ "3,9,1,-;iommu ivhd0: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:41:00.0 "
	  "pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]" IVHD,
	  0xfffffffdf8000000, "0000:41:00.0" },
	{ "3,9,1,-;iommu ivhd0: AMD-Vi: Event logged [DEV_TAB_HARDWARE_ERROR device=0000:41:00.0 "
	  "address=0x1000 flags=0x0a00]" IVHD,
	  0x1000, "0000:41:00.0" },
	{ "3,40,7,-;virtio_iommu virtio3: page fault from EP 24 at 0x10000000 [W]" VIRTIO,
	  0x10000000, "0000:00:03.0" },
	{ "3,40,7,-;virtio_iommu virtio3: page fault from EP 4025470447 at 0x1000 [R]" VIRTIO,
	  0x1000, "efef:cd:1d.7" },
	{ "3,40,7,-;virtio_iommu virtio3: page fault from EP 24 at 0 [R]" VIRTIO, 0,
	  "0000:00:03.0" },
	{ "3,40,7,-;virtio_iommu virtio3: domain fault from EP 66048 at 0x2000 [R]" VIRTIO, 0x2000,
	  "0001:02:00.0" },
	{ "3,40,7,-;arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:01:00.0 sid: "
	  "0x100 ssid: 0 iova: 0x10000000 ipa: 0x0" SMMU3,
	  0x10000000, "0000:01:00.0" },
	{ "3,40,7,-;arm-smmu-v3 arm-smmu-v3.0.auto: event: F_ACCESS client: (unassigned sid) sid: "
	  "0x100 ssid: 0x1 iova: 0x10000000 ipa: 0" SMMU3,
	  0x10000000, "" },
	{ "3,40,7,-;arm-smmu 5000000.iommu: Unhandled context fault: fsr=0x402, iova=0x10000000, "
	  "fsynr=0x1, cbfrsynra=0x401, cb=3" SMMU2,
	  0x10000000, "" },
	{ "3,40,7,-;qcom-iommu 5000000.iommu: Unhandled context fault: fsr=0x402, "
	  "iova=0x0000000010000000, fsynr=0x1, cb=3" SMMU2,
	  0x10000000, "" },
};

#define DMAR \
	"DMAR: [DMA Write NO_PASID] Request device [0000:00:03.0] fault addr 0x10000000 [fault reason "
static const char *const impostors[] = {
	/* a process of any user, called "DMAR:", in a file called "fault addr 0x10000000" */
	"6,811,1204113,-;DMAR:[77]: segfault at 0 ip 0 sp 0 error 14 in fault addr 0x10000000[0,1000]\n",
	"6,811,1204113,-;DMAR: [DMA Writ[77]: segfault at 0 ip 0 sp 0 error 14 in " DMAR "\n",
	"4,811,1204113,-;x " DMAR "0x05]\n",
	"6,811,1204113,c; in " DMAR "0x05]\n",
	/* written to /dev/kmsg: the facility is a user's */
	"11,811,1204113,-;" DMAR "0x05]\n",
	"30,811,1204113,-;" DMAR "0x05]\n",
	"12,40,7,-;virtio_iommu virtio3: page fault from EP 24 at 0x10000000 [W]" VIRTIO,
	/* without the driver's device, or with another's */
	"3,40,7,-;virtio_iommu virtio3: page fault from EP 24 at 0x10000000 [W]\n",
	"3,40,7,-;virtio_iommu virtio4: page fault from EP 24 at 0x10000000 [W]" VIRTIO,
	"3,40,7,-;virtio_blk virtio3: page fault from EP 24 at 0x10000000 [W]" VIRTIO,
	"3,40,7,-;vfio-pci 0000:00:04.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0011 "
	"address=0x10000000 flags=0x0020]" EDU,
	"3,811,1204113,-;" DMAR "0x05]" EDU,
	/* the keys inside the message, as a user would have to write them */
	"3,40,7,-;virtio_iommu virtio3: page fault from EP 24 at 0x10000000 [W]\\x0a "
	"SUBSYSTEM=virtio\\x0a DEVICE=+virtio:virtio3\n",
	/* no address, or none that is a number */
	"3,40,7,-;virtio_iommu virtio3: unknown fault from EP 24" VIRTIO,
	"3,811,1204113,-;DMAR: [DMA Write NO_PASID] Request device [0000:00:03.0] fault addr "
	"0x1ffffffffffffffff [fault reason 0x05]\n",
	"3,811,1204113,-;DMAR: [DMA Write NO_PASID] Request device [0000:00:03.9] fault addr "
	"0x10000000 [fault reason 0x05]\n",
	"3,811,1204113,-;DMAR: [DMA Write NO_PASID] Request device [00000000000000000000000:00:03.0] "
	"fault addr 0x10000000 [fault reason 0x05]\n",
	/* other messages of the same drivers */
	"3,811,1204113,-;DMAR: DRHD: handling fault status reg 2\n",
	"3,811,1204113,-;DMAR: [INTR-REMAP] Request device [0000:00:03.0] fault index 0x1 [fault "
	"reason 0x22] Present field in the IRTE entry is clear\n",
	/* no record at all */
	DMAR "0x05]\n",
	"3,811,1204113,-;" DMAR "0x05]",
	"x,811,1204113,-;" DMAR "0x05]\n",
	";" DMAR "0x05]\n",
	"3,811",
	"",
};

static const struct {
	const char *line;
	uint64_t address; /* 0: no fault */
	const char *device;
} lines[] = {
	{ DMAR "0x05] PTE Write access is not set", 0x10000000, "0000:00:03.0" },
	{ "[   12.345678] " DMAR "0x05]", 0x10000000, "0000:00:03.0" },
	{ "Nov 24 09:00:00 host kernel: virtio_iommu virtio3: page fault from EP 24 at 0x10000000 [W]",
	  0x10000000, "0000:00:03.0" },
	{ "[   12.345678] vfio-pci 0000:00:03.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0011 "
	  "address=0x10000000 flags=0x0020]",
	  0x10000000, "0000:00:03.0" },
	{ "DMAR: DRHD: handling fault status reg 2", 0, "" },
	{ "   ", 0, "" },
	{ "", 0, "" },
};

static const struct {
	const char *device;
	const char *bdf;
	bool is;
} pairs[] = {
	{ "0000:01:00.0", "0000:01:00.0", true },  { "0001:01:00.0", "0000:01:00.0", false },
	{ "01:00.0", "0000:01:00.0", true },	   { "01:00.0", "10000:01:00.0", true },
	{ "02:00.0", "0000:01:00.0", false },	   { "", "0000:01:00.0", true },
	{ "0000:01:00.1", "0000:01:00.0", false },
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

int main(void)
{
	struct fault fault;

	for (unsigned i = 0; i < LENGTH(faults); i++) {
		bool is = fault_parse_record(faults[i].record, &fault);

		check(is && fault.address == faults[i].address &&
			      !strcmp(fault.device, faults[i].device),
		      "a fault: record %u, of %s", i, faults[i].device);
	}
	for (unsigned i = 0; i < LENGTH(impostors); i++)
		check(!fault_parse_record(impostors[i], &fault), "no fault: record %u", i);
	for (unsigned i = 0; i < LENGTH(lines); i++) {
		bool is = fault_parse_line(lines[i].line, &fault);

		check(is == !!lines[i].address && (!is || (fault.address == lines[i].address &&
							   !strcmp(fault.device, lines[i].device))),
		      "a line: %u", i);
	}
	for (unsigned i = 0; i < LENGTH(pairs); i++) {
		struct pci_name name;

		fault = (struct fault){ 0 };
		strcpy(fault.device, pairs[i].device);
		strcpy(name.bdf, pairs[i].bdf);
		check(fault_is_of(&fault, &name) == pairs[i].is, "'%s' is%s %s", pairs[i].device,
		      pairs[i].is ? "" : " not", pairs[i].bdf);
	}
	return check_plan();
}
