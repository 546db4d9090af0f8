// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/dmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/sys.h"
#include "util/scope.h"

int dmabuf_get_inode(int fd, uint64_t *inode)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	*inode = status.st_ino;
	return 0;
}

int dmabuf_get_exporter(int fd, char exporter[64])
{
	auto_free char *info = NULL;
	const char *line;
	char path[40];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	rc = sys_read_file(path, &info);
	if (rc)
		return rc;
	line = strstr(info, "\nexp_name:");
	return line && sscanf(line, "\nexp_name:\t%63s", exporter) == 1 ? 0 : -EINVAL;
}

int dmabuf_get_size(int fd, uint64_t *size)
{
	char exporter[64];
	off_t end = dmabuf_get_exporter(fd, exporter) ? -1 : lseek(fd, 0, SEEK_END);

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

int dmabuf_make_udmabuf(uint64_t size)
{
	auto_close int control = sys_open(UDMABUF_PATH, O_RDWR);
	auto_close int memory = memfd_create("dmabufctl", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	struct udmabuf_create create = {
		.memfd = memory,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = size,
	};

	if (control < 0)
		return control;
	if (memory < 0 || ftruncate(memory, create.size) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	return sys_ioctl(control, "UDMABUF_CREATE", UDMABUF_CREATE, &create, "{0x%llx bytes}",
			 (unsigned long long)size);
}

int dmabuf_make_in_heap(const char *heap, uint64_t size)
{
	struct dma_heap_allocation_data allocation = {
		.len = size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	char path[PATH_MAX];
	auto_close int fd = -1;
	int rc;

	snprintf(path, sizeof(path), DMABUF_HEAPS "/%s", heap);
	fd = sys_open(path, O_RDWR);
	if (fd < 0)
		return fd;
	rc = sys_ioctl(fd, "DMA_HEAP_IOCTL_ALLOC", DMA_HEAP_IOCTL_ALLOC, &allocation,
		       "{0x%llx bytes}", (unsigned long long)size);
	return rc ? rc : (int)allocation.fd;
}
