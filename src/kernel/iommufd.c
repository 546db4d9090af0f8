// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/iommufd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/sys.h"
#include "uapi/iommufd.h"
#include "util/scope.h"

int iommufd_open(void)
{
	return sys_open(IOMMUFD_PATH, O_RDWR);
}

int iommufd_alloc_ioas(int iommufd, uint32_t *ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int rc = sys_ioctl(iommufd, "IOMMU_IOAS_ALLOC", IOMMU_IOAS_ALLOC, &alloc, "%s", "");

	*ioas = alloc.out_ioas_id;
	return rc;
}

int iommufd_destroy(int iommufd, uint32_t id)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy), .id = id };

	return sys_ioctl(iommufd, "IOMMU_DESTROY", IOMMU_DESTROY, &destroy, "{id %u}", id);
}

int iommufd_alloc_hwpt(int iommufd, uint32_t device, uint32_t ioas, unsigned flags, uint32_t *hwpt)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = flags,
		.dev_id = device,
		.pt_id = ioas,
	};
	int rc = sys_ioctl(iommufd, "IOMMU_HWPT_ALLOC", IOMMU_HWPT_ALLOC, &alloc,
			   "{flags 0x%x, device %u, ioas %u}", flags, device, ioas);

	*hwpt = alloc.out_hwpt_id;
	return rc;
}

int iommufd_map_file(int iommufd, uint32_t ioas, int fd, struct range source, unsigned prot,
		     bool fixed, uint64_t *iova)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = (fixed ? IOMMU_IOAS_MAP_FIXED_IOVA : 0) |
			 (prot & IOMMUFD_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
			 (prot & IOMMUFD_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0),
		.ioas_id = ioas,
		.fd = fd,
		.start = source.offset,
		.length = source.length,
		.iova = fixed ? *iova : 0,
	};
	int rc = sys_ioctl(iommufd, "IOMMU_IOAS_MAP_FILE", IOMMU_IOAS_MAP_FILE, &map,
			   "%s%s%s {ioas %u, fd %d, 0x%llx+0x%llx, iova 0x%llx}",
			   fixed ? "FIXED_IOVA|" : "", prot & IOMMUFD_READ ? "READABLE" : "",
			   prot == IOMMUFD_WRITE ? "WRITEABLE" :
			   prot & IOMMUFD_WRITE	 ? "|WRITEABLE" :
						   "",
			   ioas, fd, (unsigned long long)map.start, (unsigned long long)map.length,
			   (unsigned long long)map.iova);

	if (rc)
		return rc;
	*iova = map.iova;
	return 0;
}

int iommufd_map_memory(int iommufd, uint32_t ioas, void *memory, size_t size, uint64_t *iova)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.user_va = (uintptr_t)memory,
		.length = size,
	};
	int rc = sys_ioctl(iommufd, "IOMMU_IOAS_MAP", IOMMU_IOAS_MAP, &map,
			   "READABLE|WRITEABLE {ioas %u, %zu bytes}", ioas, size);

	*iova = map.iova;
	return rc;
}

int iommufd_unmap(int iommufd, uint32_t ioas, struct range window)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = window.offset,
		.length = window.length,
	};

	return sys_ioctl(iommufd, "IOMMU_IOAS_UNMAP", IOMMU_IOAS_UNMAP, &unmap,
			 "{ioas %u, iova 0x%llx+0x%llx}", ioas, (unsigned long long)window.offset,
			 (unsigned long long)window.length);
}

/* All 2^64 addresses are one more than a length can tell. */
static struct range range_to(uint64_t start, uint64_t last)
{
	uint64_t length = last - start + 1;

	return (struct range){ .offset = start, .length = length ? length : UINT64_MAX };
}

int iommufd_iova_ranges(int iommufd, uint32_t ioas, struct range **ranges, unsigned *count)
{
	struct iommu_ioas_iova_ranges query = { .size = sizeof(query), .ioas_id = ioas };
	auto_free struct iommu_iova_range *allowed = NULL;
	int rc;

	/* The first call learns the count: -EMSGSIZE is the expected answer. */
	rc = sys_ioctl(iommufd, "IOMMU_IOAS_IOVA_RANGES", IOMMU_IOAS_IOVA_RANGES, &query,
		       "{ioas %u, count only}", ioas);
	if (rc && rc != -EMSGSIZE)
		return rc;
	allowed = calloc(query.num_iovas + 1, sizeof(*allowed));
	*ranges = calloc(query.num_iovas + 1, sizeof(**ranges));
	if (!allowed || !*ranges) {
		rc = -ENOMEM;
		goto fail;
	}
	query.allowed_iovas = (uintptr_t)allowed;
	rc = sys_ioctl(iommufd, "IOMMU_IOAS_IOVA_RANGES", IOMMU_IOAS_IOVA_RANGES, &query,
		       "{ioas %u, %u ranges}", ioas, query.num_iovas);
	if (rc)
		goto fail;
	for (unsigned i = 0; i < query.num_iovas; i++)
		(*ranges)[i] = range_to(allowed[i].start, allowed[i].last);
	*count = query.num_iovas;
	return 0;

fail:
	free(*ranges);
	*ranges = NULL;
	return rc;
}

int iommufd_try_import_into(int iommufd, uint32_t scratch, int fd)
{
	struct range first_page = { .offset = 0, .length = sysconf(_SC_PAGESIZE) };
	uint64_t iova = 0;

	return iommufd_map_file(iommufd, scratch, fd, first_page, IOMMUFD_READ, false, &iova);
}

int iommufd_try_import(int iommufd, int fd)
{
	uint32_t scratch;
	int rc = iommufd_alloc_ioas(iommufd, &scratch);

	if (rc)
		return rc;
	rc = iommufd_try_import_into(iommufd, scratch, fd);
	iommufd_destroy(iommufd, scratch);
	return rc;
}
