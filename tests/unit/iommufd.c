// SPDX-License-Identifier: GPL-2.0-only
/* What iommufd says of the addresses of an IOAS. */
#include <errno.h>
#include <stdlib.h>

#include "kernel/iommufd.h"
#include "kernel/sys.h"
#include "tests/unit/check.h"
#include "uapi/iommufd.h"

/* The kernel: what it has, and what it answers to the second call. */
static const struct iommu_iova_range allowed[] = {
	{ 0, 0xfedfffff },
	{ 0xfef00000, 0x7fffffffff },
	{ 0, UINT64_MAX },
};
static int answer;

int sys_open(const char *path, int flags)
{
	(void)path;
	(void)flags;
	return 3;
}

int sys_ioctl(int fd, const char *name, unsigned long request, void *arg, const char *format, ...)
{
	struct iommu_ioas_iova_ranges *query = arg;
	struct iommu_iova_range *room = (void *)(uintptr_t)query->allowed_iovas;
	unsigned count = sizeof(allowed) / sizeof(*allowed);

	(void)fd;
	(void)name;
	(void)format;
	if (request != IOMMU_IOAS_IOVA_RANGES || query->ioas_id != 5)
		return -ENOENT;
	for (unsigned i = 0; i < count && i < query->num_iovas; i++)
		room[i] = allowed[i];
	if (query->num_iovas >= count)
		return answer;
	query->num_iovas = count;
	return -EMSGSIZE;
}

static bool is(struct range range, uint64_t offset, uint64_t length)
{
	return range.offset == offset && range.length == length;
}

int main(void)
{
	struct range *ranges;
	unsigned count;

	check(!iommufd_iova_ranges(3, 5, &ranges, &count) && count == 3, "the ranges of an IOAS");
	check(is(ranges[0], 0, 0xfee00000), "to the last byte");
	check(is(ranges[1], 0xfef00000, 0x7f01100000), "behind the MSI window");
	check(is(ranges[2], 0, UINT64_MAX), "all addresses");
	free(ranges);
	check(iommufd_iova_ranges(3, 6, &ranges, &count) == -ENOENT, "of no IOAS");
	answer = -EMSGSIZE; /* one more since they were counted */
	check(iommufd_iova_ranges(3, 5, &ranges, &count) == -EMSGSIZE && !ranges,
	      "of one that changes");
	return check_plan();
}
