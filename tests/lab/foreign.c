// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that knows nothing of dmabufctl: opens the VFIO node, exports the BAR, prints the
 * dma-buf's fd and waits for its standard input to end.
 *
 *   foreign CDEV BAR LENGTH
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

int main(int argc, char **argv)
{
	struct vfio_device_bind_iommufd bind = { .argsz = 16 };
	char byte;
	int device;

	if (argc != 4)
		return 2;
	bind.iommufd = must(open("/dev/iommu", O_RDWR | O_CLOEXEC), "/dev/iommu");
	device = must(open(argv[1], O_RDWR | O_CLOEXEC), argv[1]);
	must(ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind), "VFIO_DEVICE_BIND_IOMMUFD");
	printf("%d\n", export(device, atoi(argv[2]), strtoul(argv[3], NULL, 0)));
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
