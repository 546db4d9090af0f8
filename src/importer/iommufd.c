// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommufd: maps a dma-buf into an I/O address space, an IOAS, at an I/O virtual address, an IOVA.
 * Every device attached to the IOAS reaches it there.
 */
#include "importer/importer.h"

#include <errno.h>
#include <string.h>

#include "kernel/iommufd.h"

static int map(struct import_target *target, int dmabuf, const struct import_request *request,
	       uint64_t *address)
{
	*address = request->address;
	return iommufd_map_file(target->fd, target->id, dmabuf, request->source, request->prot,
				request->fixed, address);
}

static int unmap(const struct import_target *target, struct range addresses)
{
	return iommufd_unmap(target->fd, target->id, addresses);
}

/* Nothing is attached to the IOAS of a trial, which takes what is in it along. */
static int probe(struct import_trial *trial, int dmabuf)
{
	if (!trial->begun) {
		int rc = iommufd_alloc_ioas(trial->fd, &trial->id);

		if (rc)
			return rc;
		trial->begun = true;
	}
	return iommufd_try_import_into(trial->fd, trial->id, dmabuf);
}

static void end_trial(struct import_trial *trial)
{
	if (trial->begun)
		iommufd_destroy(trial->fd, trial->id);
	trial->begun = false;
}

static bool reaches(const char *target, const char *device, const char *ioas)
{
	(void)device;
	return !strcmp(target, ioas);
}

static int map_memory(const struct import_target *target, void *memory, size_t size,
		      uint64_t *address)
{
	return iommufd_map_memory(target->fd, target->id, memory, size, address);
}

/* Between two recorded mappings there is nothing that anybody knows of. */
static int unmap_gaps(int iommufd, const struct import_known *ioas)
{
	uint64_t start = 0;

	for (unsigned i = 0; i <= ioas->count; i++) {
		/* Past the last mapping length wraps to what is left of 2^64. */
		struct range gap = { .offset = start };
		int rc;

		gap.length = (i < ioas->count ? ioas->mapped[i].offset : 0) - start;
		if (!ioas->count)
			gap.length = UINT64_MAX;
		if (i < ioas->count)
			start = ioas->mapped[i].offset + ioas->mapped[i].length;
		if (!gap.length)
			continue;
		rc = iommufd_unmap(iommufd, ioas->id, gap);
		if (rc && rc != -ENOENT)
			return rc;
	}
	return 0;
}

static bool is_known(const struct import_known *known, unsigned count, uint32_t id)
{
	for (unsigned i = 0; i < count; i++)
		if (known[i].id == id)
			return true;
	return false;
}

/*
 * iommufd gives out the lowest free ID (drivers/iommu/iommufd/main.c), so a stray IOAS has
 * one no larger than the number of objects: IOASes, devices with one page table each, and
 * the stray ones. What is in use, as those page tables are, cannot be destroyed.
 */
static void destroy_strays(int iommufd, const struct import_known *known, unsigned count)
{
	uint32_t last = 4;

	for (unsigned i = 0; i < count; i++)
		last += known[i].is_target ? 1 : 2;
	for (unsigned i = 0; i < count; i++)
		if (known[i].is_target && known[i].id > last)
			last = known[i].id;
	for (uint32_t id = 1; id <= last; id++)
		if (!is_known(known, count, id))
			iommufd_destroy(iommufd, id);
}

static int tidy(int iommufd, const struct import_known *known, unsigned count)
{
	int rc = 0;

	for (unsigned i = 0; i < count && !rc; i++)
		if (known[i].is_target)
			rc = unmap_gaps(iommufd, &known[i]);
	if (!rc)
		destroy_strays(iommufd, known, count);
	return rc;
}

const struct importer importer_iommufd = {
	.name = "iommufd",
	.in_ioas = true,
	.whole_pages = true,
	.target_key = "ioas",
	.address_key = "iova",
	.map = map,
	.unmap = unmap,
	.probe = probe,
	.end_trial = end_trial,
	.reaches = reaches,
	.map_memory = map_memory,
	.tidy = tidy,
};
