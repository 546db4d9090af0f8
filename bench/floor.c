// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor under `dmabufctl batch`: the same ioctls and nothing else.
 *
 *   floor CDEV CYCLES     rounds of export, import, unmap and release of the BAR 2 of the
 *                         device whose VFIO node is CDEV
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define BAR 2

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static int open_device(const char *path, int iommufd)
{
	struct vfio_device_bind_iommufd bind = { .argsz = 16, .iommufd = iommufd };
	int device = open(path, O_RDWR | O_CLOEXEC);

	must(device, path);
	must(ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind), "VFIO_DEVICE_BIND_IOMMUFD");
	return device;
}

static int export_bar(int device, __u64 size)
{
	static __u64 room[8];
	struct vfio_device_feature *feature = (void *)room;
	struct vfio_device_feature_dma_buf *export = (void *)feature->data;
	int fd;

	feature->argsz = sizeof(*feature) + sizeof(*export) + sizeof(export->dma_ranges[0]);
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	export->region_index = BAR;
	export->open_flags = O_RDWR | O_CLOEXEC;
	export->nr_ranges = 1;
	export->dma_ranges[0].length = size;
	fd = ioctl(device, VFIO_DEVICE_FEATURE, feature);
	must(fd, "VFIO_DEVICE_FEATURE");
	return fd;
}

static void cycle(int iommufd, int device, __u32 ioas)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = BAR };
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
	};
	struct iommu_ioas_unmap unmap = { .size = sizeof(unmap), .ioas_id = ioas };

	must(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region), "VFIO_DEVICE_GET_REGION_INFO");
	map.fd = export_bar(device, region.size);
	map.length = region.size;
	must(ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &map), "IOMMU_IOAS_MAP_FILE");
	unmap.iova = map.iova;
	unmap.length = map.length;
	must(ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap), "IOMMU_IOAS_UNMAP");
	close(map.fd);
}

int main(int argc, char **argv)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int iommufd, device;
	long cycles;

	if (argc != 3)
		return 2;
	cycles = strtol(argv[2], NULL, 10);
	iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	must(iommufd, "/dev/iommu");
	device = open_device(argv[1], iommufd);
	must(ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc), "IOMMU_IOAS_ALLOC");
	while (cycles--)
		cycle(iommufd, device, alloc.out_ioas_id);
	return 0;
}
