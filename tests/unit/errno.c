// SPDX-License-Identifier: GPL-2.0-only
/* The errno in a message, as programs of several languages print it. */
#include <errno.h>

#include "tests/unit/check.h"
#include "util/errno.h"

static const struct {
	const char *text;
	int error;
} messages[] = {
	{ "EFAULT", EFAULT },
	{ "efault", EFAULT },
	{ "14", EFAULT },
	{ "-14", EFAULT },
	/* C */
	{ "IOMMU_IOAS_MAP failed: Bad address", EFAULT },
	{ "vfio_dma_map(0x55, 0x38, 0x10, 0x7f) = -14 (Bad address)", EFAULT },
	{ "vfio_dma_map(0x55, 0x38, 0x10, 0x7f) = -14 (Ungueltige Adresse)", EFAULT },
	{ "open: No such device or address", ENXIO },
	{ "No such device", ENODEV },
	/* Rust: io::Error and SysError by {}, by {:?}, and nix */
	{ "map: Bad address (os error 14)", EFAULT },
	{ "map: Os { code: 14, kind: Uncategorized, message: \"Bad address\" }", EFAULT },
	{ "Error booting VM: VmBoot(DeviceManager(VfioDmaMap(IommuDmaMap(Error(14)))))", EFAULT },
	{ "EOPNOTSUPP: Operation not supported on transport endpoint", EOPNOTSUPP },
	/* Python, the kernel */
	{ "[Errno 19] quelque chose", ENODEV },
	{ "probe with driver vfio-pci failed with error -22", EINVAL },
	/* Nothing of that kind */
	{ "device 0000:01:00.0", 0 },
	{ "Error booting VM: error in Error(x)", 0 },
	{ "error 22x", 0 },
	{ "a-19", 0 },
	{ "134", 0 },
	{ "", 0 },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		check(errno_in(messages[i].text) == messages[i].error, "'%s': %d", messages[i].text,
		      errno_in(messages[i].text));
	return check_plan();
}
