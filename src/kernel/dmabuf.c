// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/dmabuf.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int dmabuf_get_inode(int fd, uint64_t *inode)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	*inode = status.st_ino;
	return 0;
}

int dmabuf_set_name(int fd, const char *name)
{
	char cut[DMA_BUF_NAME_LEN];

	snprintf(cut, sizeof(cut), "%s", name);
	return sys_ioctl(fd, "DMA_BUF_SET_NAME", DMA_BUF_SET_NAME, cut, "\"%s\"", cut);
}
