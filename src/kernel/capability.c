// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/capability.h"

#include <errno.h>
#include <linux/pci_regs.h>

int capability_find(config_read *read, const void *space, uint8_t wanted, unsigned *position)
{
	uint32_t next, header;
	int rc = read(space, PCI_CAPABILITY_LIST, 1, &next);

	/* Each takes four bytes at least, so a longer walk goes in circles. */
	for (unsigned steps = 0; !rc && next && steps < 48; steps++) {
		*position = next & ~3u;
		rc = read(space, *position, 2, &header);
		if (!rc && (header & 0xff) == wanted)
			return 0;
		next = header >> 8;
	}
	return rc ? rc : -EOPNOTSUPP;
}
