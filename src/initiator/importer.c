// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that the module of kernel/importer has, and knows to make do DMA: through the dma-buf
 * that is attached to the fd, at its beginning.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "initiator/initiator.h"
#include "kernel/attachment.h"
#include "util/clock.h"

static bool matches(const struct pci_device *pci)
{
	return !strcmp(pci->driver, ATTACHMENT_DRIVER);
}

static int pattern(struct initiator *initiator, void *bytes)
{
	if (getrandom(initiator->bounce, INITIATOR_BLOCK, 0) != INITIATOR_BLOCK)
		return -EIO;
	memcpy(bytes, initiator->bounce, INITIATOR_BLOCK);
	return 0;
}

static int copy(struct initiator *initiator, void *bytes, bool write)
{
	const uint64_t began = clock_now();
	int rc = attachment_copy(initiator->device, 0, bytes, INITIATOR_BLOCK, write);

	initiator->busy_ns += clock_now() - began;
	return rc;
}

static int write_pattern(struct initiator *initiator, uint64_t iova)
{
	(void)iova;
	return copy(initiator, initiator->bounce, true);
}

static int read_back(struct initiator *initiator, uint64_t iova, void *bytes)
{
	(void)iova;
	return copy(initiator, bytes, false);
}

const struct initiator_driver initiator_importer = {
	.name = "importer",
	.drives = "what the kernel module of that name can make do DMA",
	.matches = matches,
	.pattern = pattern,
	.write = write_pattern,
	.read = read_back,
};
