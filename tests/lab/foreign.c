// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that knows nothing of dmabufctl: opens the VFIO node, or the group and then the
 * device, exports the BAR, prints the dma-buf's fd and waits for its standard input to end.
 *
 *   foreign CDEV BAR LENGTH
 *   foreign GROUP BAR LENGTH BDF
 *   foreign CDEV BAR LENGTH -- CDEV	(another device, that it only has open)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uapi/vfio.h"

static int must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static int export(int device, unsigned bar, unsigned long length)
{
	_Alignas(8) char space[sizeof(struct vfio_device_feature) +
			       sizeof(struct vfio_device_feature_dma_buf) +
			       sizeof(struct vfio_region_dma_range)] = { 0 };
	struct vfio_device_feature *feature = (void *)space;
	struct vfio_device_feature_dma_buf *export = (void *)feature->data;

	feature->argsz = sizeof(space);
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	export->region_index = bar;
	export->open_flags = O_RDWR | O_CLOEXEC;
	export->nr_ranges = 1;
	export->dma_ranges[0].length = length;
	return must(ioctl(device, VFIO_DEVICE_FEATURE, feature), "VFIO_DEVICE_FEATURE");
}

static int open_device(const char *path, int iommufd)
{
	struct vfio_device_bind_iommufd bind = { .argsz = 16, .iommufd = iommufd };
	int device = must(open(path, O_RDWR | O_CLOEXEC), path);

	must(ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind), "VFIO_DEVICE_BIND_IOMMUFD");
	return device;
}

/* With iommufd in the place of a container. */
static int open_in_group(const char *path, int iommufd, const char *bdf)
{
	int group = must(open(path, O_RDWR | O_CLOEXEC), path);

	must(ioctl(group, VFIO_GROUP_SET_CONTAINER, &iommufd), "VFIO_GROUP_SET_CONTAINER");
	return must(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf), "VFIO_GROUP_GET_DEVICE_FD");
}

int main(int argc, char **argv)
{
	int iommufd, device;
	char byte;

	if (argc < 4 || argc > 6)
		return 2;
	iommufd = must(open("/dev/iommu", O_RDWR | O_CLOEXEC), "/dev/iommu");
	device = argc == 5 ? open_in_group(argv[1], iommufd, argv[4]) :
			     open_device(argv[1], iommufd);
	if (argc == 6)
		open_device(argv[5], iommufd);
	printf("%d\n", export(device, atoi(argv[2]), strtoul(argv[3], NULL, 0)));
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
