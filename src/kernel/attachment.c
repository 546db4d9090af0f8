// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "kernel/sys.h"
#include "uapi/importer.h"
#include "util/array.h"

#define AT_ONCE 64

#define PATH_SIZE 64

static void find_path(const char *bdf, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "/dev/" ATTACHMENT_DRIVER "/%s", bdf);
}

dev_t attachment_node(const char *bdf)
{
	char path[PATH_SIZE];
	struct stat node;

	find_path(bdf, path);
	return stat(path, &node) ? 0 : node.st_rdev;
}

int attachment_open(const char *bdf)
{
	char path[PATH_SIZE];

	find_path(bdf, path);
	return sys_open(path, O_RDWR);
}

int attachment_attach(int fd, int dmabuf, enum attachment_promise promise)
{
	struct importer_attach attach = { .dmabuf = dmabuf, .promise = promise };

	return sys_ioctl(fd, "IMPORTER_ATTACH", IMPORTER_ATTACH, &attach, "{fd %d, promise %u}",
			 dmabuf, promise);
}

int attachment_map(int fd, unsigned prot)
{
	struct importer_map map = { .prot = prot };

	return sys_ioctl(fd, "IMPORTER_MAP", IMPORTER_MAP, &map, "{prot %u}", prot);
}

int attachment_unmap(int fd)
{
	return sys_ioctl(fd, "IMPORTER_UNMAP", IMPORTER_UNMAP, NULL, "%s", "");
}

int attachment_detach(int fd)
{
	return sys_ioctl(fd, "IMPORTER_DETACH", IMPORTER_DETACH, NULL, "%s", "");
}

int attachment_delay(int fd, uint32_t ms)
{
	struct importer_behave behave = { .late_ms = ms };

	return sys_ioctl(fd, "IMPORTER_BEHAVE", IMPORTER_BEHAVE, &behave, "{late_ms %u}", ms);
}

int attachment_get_state(int fd, struct attachment_state *state)
{
	struct importer_state got = { 0 };
	int rc = sys_ioctl(fd, "IMPORTER_GET_STATE", IMPORTER_GET_STATE, &got, "%s", "");

	*state = (struct attachment_state){
		.attached = got.flags & IMPORTER_ATTACHED,
		.mapped = got.flags & IMPORTER_MAPPED,
		.over = got.flags & IMPORTER_OVER,
		.translated = got.flags & IMPORTER_TRANSLATED,
		.does_dma = got.flags & IMPORTER_DOES_DMA,
		.told = got.told,
		.told_at = got.told_at,
		.let_go_at = got.let_go_at,
	};
	return rc;
}

/* Adds those that follow; how many there were, or a negative errno. */
static int get_some(int fd, struct range **ranges, unsigned *count)
{
	struct importer_range some[AT_ONCE];
	struct importer_ranges request = {
		.ranges = (uintptr_t)some,
		.first = *count,
		.count = AT_ONCE,
	};
	int rc = sys_ioctl(fd, "IMPORTER_GET_RANGES", IMPORTER_GET_RANGES, &request, "{first %u}",
			   *count);

	for (unsigned i = 0; !rc && i < request.count; i++) {
		struct range *added = array_add(ranges, count);

		if (!added)
			return -ENOMEM;
		*added = (struct range){ some[i].address, some[i].length };
	}
	return rc ? rc : (int)request.count;
}

int attachment_get_ranges(int fd, struct range **ranges, unsigned *count)
{
	int rc;

	*ranges = NULL;
	*count = 0;
	do
		rc = get_some(fd, ranges, count);
	while (rc > 0);
	if (!rc)
		return 0;
	free(*ranges);
	*ranges = NULL;
	*count = 0;
	return rc;
}

int attachment_translate(int fd, uint64_t offset, uint64_t *physical)
{
	struct importer_translate translate = { .offset = offset };
	int rc = sys_ioctl(fd, "IMPORTER_TRANSLATE", IMPORTER_TRANSLATE, &translate,
			   "{offset 0x%llx}", (unsigned long long)offset);

	*physical = translate.physical;
	return rc;
}

int attachment_copy(int fd, uint64_t offset, void *bytes, uint32_t length, bool write)
{
	struct importer_copy copy = {
		.offset = offset,
		.buffer = (uintptr_t)bytes,
		.length = length,
		.write = write,
	};

	return sys_ioctl(fd, "IMPORTER_COPY", IMPORTER_COPY, &copy, "{offset 0x%llx, %u, %s}",
			 (unsigned long long)offset, length, write ? "write" : "read");
}
