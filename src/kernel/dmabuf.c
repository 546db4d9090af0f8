// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/dmabuf.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int dmabuf_get_inode(int fd, uint64_t *inode)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	*inode = status.st_ino;
	return 0;
}

static bool is_dmabuf(int fd)
{
	auto_free char *info = NULL;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return !sys_read_file(path, &info) && strstr(info, "\nexp_name:");
}

int dmabuf_get_size(int fd, uint64_t *size)
{
	off_t end = is_dmabuf(fd) ? lseek(fd, 0, SEEK_END) : -1;

	if (end < 0)
		return -EINVAL;
	lseek(fd, 0, SEEK_SET);
	*size = end;
	return 0;
}

int dmabuf_set_name(int fd, const char *name)
{
	char cut[DMA_BUF_NAME_LEN];

	snprintf(cut, sizeof(cut), "%s", name);
	return sys_ioctl(fd, "DMA_BUF_SET_NAME", DMA_BUF_SET_NAME, cut, "\"%s\"", cut);
}
