// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/dmabuf.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int dmabuf_get_info(int fd, struct dmabuf_info *info)
{
	struct stat status;
	off_t size;

	if (fstat(fd, &status))
		return -errno;
	size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	*info = (struct dmabuf_info){ .inode = status.st_ino, .size = size };
	return 0;
}

int dmabuf_set_name(int fd, const char *name)
{
	char cut[DMA_BUF_NAME_LEN];

	snprintf(cut, sizeof(cut), "%s", name);
	return sys_ioctl(fd, "DMA_BUF_SET_NAME", DMA_BUF_SET_NAME, cut, "\"%s\"", cut);
}
