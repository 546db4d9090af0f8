// SPDX-License-Identifier: GPL-2.0-only
/*
 * rdma: registers a dma-buf as a memory region of an RDMA device. The region belongs to an open
 * file of the device's node, which is the mapping's fd.
 */
#include <errno.h>

#include "importer/importer.h"
#include "kernel/rdma.h"

/* The address is the one that work requests use; by default the offset in the dma-buf. */
static int map(struct import_target *target, int dmabuf, const struct import_request *request,
	       uint64_t *address)
{
	struct rdma_region region = { .fd = -1 };
	int rc;

	*address = request->fixed ? request->address : request->source.offset;
	rc = rdma_register(target->name, dmabuf, request->source, *address, request->prot, &region);
	if (rc)
		return rc;
	target->fd = region.fd;
	target->keys = (struct import_keys){ true, region.lkey, region.rkey };
	return 0;
}

/* What keeps it is the fd. */
static int unmap(const struct import_target *target, struct range addresses)
{
	(void)target;
	(void)addresses;
	return 0;
}

static bool reaches(const char *target, const char *device, const char *ioas)
{
	(void)target;
	(void)device;
	(void)ioas;
	return false;
}

static int number(const char *target, const struct import_keys *keys, uint32_t *number)
{
	return rdma_find_number(target, keys->local, number);
}

const struct importer importer_rdma = {
	.name = "rdma",
	.target_word = "DEVICE",
	.target_key = "rdma",
	.address_key = "iova",
	.once = true,
	.map = map,
	.unmap = unmap,
	.reaches = reaches,
	.number = number,
};
