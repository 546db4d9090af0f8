// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/text.h"

/* How each IOMMU driver introduces the address of a fault, under which prefix. */
static const struct {
	const char *driver;
	const char *before_address;
} wordings[] = {
	{ "DMAR:", "fault addr " },		   /* drivers/iommu/intel/dmar.c */
	{ "virtio_iommu", "page fault from EP " }, /* drivers/iommu/virtio-iommu.c */
	{ "AMD-Vi:", "address=" },		   /* drivers/iommu/amd/iommu.c */
	{ "arm-smmu", "iova=" },		   /* drivers/iommu/arm/ */
};

int fault_watch(void)
{
	int fd = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static bool parse_fault(const char *message, struct fault *fault)
{
	for (unsigned i = 0; i < sizeof(wordings) / sizeof(*wordings); i++) {
		const char *address;

		if (!strstr(message, wordings[i].driver))
			continue;
		address = strstr(message, wordings[i].before_address);
		address = address ? strstr(address, "0x") : NULL;
		if (!address)
			continue;
		fault->address = strtoull(address, NULL, 16);
		copy_text(fault->line, sizeof(fault->line), message);
		return true;
	}
	return false;
}

int fault_next(int watch, struct fault *fault)
{
	char record[2048];

	for (;;) {
		/* One record a read: "level,sequence,time,flags;message\n..." */
		ssize_t got = read(watch, record, sizeof(record) - 1);
		char *message;

		if (got < 0 && errno == EPIPE) /* overwritten meanwhile: the next one is there */
			continue;
		if (got <= 0)
			return -EAGAIN;
		record[got] = '\0';
		record[strcspn(record, "\n")] = '\0';
		message = strchr(record, ';');
		if (message && parse_fault(message + 1, fault))
			return 0;
	}
}

int fault_collect(int watch, struct range window, struct fault_list *list)
{
	struct fault fault, *bigger;

	*list = (struct fault_list){ 0 };
	while (!fault_next(watch, &fault)) {
		if (fault.address - window.offset >= window.length)
			continue;
		bigger = realloc(list->items, (list->count + 1) * sizeof(fault));
		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		list->items[list->count++] = fault;
	}
	return 0;
}
