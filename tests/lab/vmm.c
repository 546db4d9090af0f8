// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that is not linked with anything of ours and uses VFIO and iommufd as a VMM does, for
 * tests of what can be told of other processes. Each argument is a command, then each line of
 * standard input, until it ends:
 *
 *   vmm 'open /dev/vfio/devices/vfio0' 'export 0 2 0 0x1000 0x2000 0x1000' ioas 'attach 0 0'
 *
 *   open CDEV                                  binds it to the one iommufd
 *   export DEVICE BAR OFFSET LENGTH [OFFSET LENGTH]...
 *   inherit FD                                 a dma-buf that it was given
 *   ioas
 *   attach DEVICE IOAS
 *   map-file IOAS IOVA DMABUF OFFSET LENGTH    IOMMU_IOAS_MAP_FILE
 *   map-memory IOAS IOVA LENGTH                IOMMU_IOAS_MAP of memory of its own
 *   map-bar IOAS IOVA DEVICE BAR LENGTH        IOMMU_IOAS_MAP of an mmap of the BAR
 *   copy FROM-IOAS FROM-IOVA IOAS IOVA LENGTH  IOMMU_IOAS_COPY
 *   unmap IOAS IOVA LENGTH
 *   reset DEVICE
 *   memory DEVICE 0|1                          memory decode off, on
 *   close dmabuf|device NUMBER
 *
 * Devices, dma-bufs and IOASes are numbered from 0 in the order they were made. Each command is
 * answered by a line of JSON: itself, what it made, "error" with the errno's name when it failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define WORDS 32

static char *words[WORDS];
static unsigned word_count;

/* What was made, by number: fds, and IDs in iommufd. */
struct made {
	int values[32];
	unsigned count;
};

static struct made devices, dmabufs, ioases;
static int iommufd;

static void refuse(const char *what)
{
	fprintf(stderr, "vmm: %s: '%s'\n", words[0], what);
	exit(2);
}

static uint64_t number(unsigned word)
{
	char *end;
	uint64_t value = strtoull(words[word], &end, 0);

	if (*end || end == words[word])
		refuse(words[word]);
	return value;
}

static void add(struct made *made, const char *kind, int value)
{
	if (made->count == sizeof(made->values) / sizeof(*made->values))
		refuse("too many");
	printf(",\"%s\":%u", kind, made->count);
	made->values[made->count++] = value;
}

static int *get(struct made *made, unsigned word)
{
	uint64_t index = number(word);

	if (index >= made->count)
		refuse(words[word]);
	return &made->values[index];
}

static int open_device(void)
{
	struct vfio_device_bind_iommufd bind = { .argsz = 16, .iommufd = iommufd };
	int fd = open(words[1], O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -1;
	add(&devices, "device", fd);
	printf(",\"fd\":%d,\"id\":%u", fd, bind.out_devid);
	return 0;
}

static int export(void)
{
	_Alignas(8) char space[sizeof(struct vfio_device_feature) +
			       sizeof(struct vfio_device_feature_dma_buf) +
			       WORDS / 2 * sizeof(struct vfio_region_dma_range)] = { 0 };
	struct vfio_device_feature *feature = (void *)space;
	struct vfio_device_feature_dma_buf *export = (void *)feature->data;
	struct stat status;
	int fd;

	feature->argsz = sizeof(space);
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	export->region_index = number(2);
	export->open_flags = O_RDWR | O_CLOEXEC;
	for (unsigned word = 3; word + 1 < word_count; word += 2)
		export->dma_ranges[export->nr_ranges++] =
			(struct vfio_region_dma_range){ number(word), number(word + 1) };
	fd = ioctl(*get(&devices, 1), VFIO_DEVICE_FEATURE, feature);
	if (fd < 0 || fstat(fd, &status))
		return -1;
	add(&dmabufs, "dmabuf", fd);
	printf(",\"fd\":%d,\"inode\":%lu", fd, (unsigned long)status.st_ino);
	return 0;
}

static int inherit(void)
{
	struct stat status;

	if (fstat(number(1), &status))
		return -1;
	add(&dmabufs, "dmabuf", number(1));
	printf(",\"inode\":%lu", (unsigned long)status.st_ino);
	return 0;
}

static int make_ioas(void)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	if (ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc))
		return -1;
	add(&ioases, "ioas", alloc.out_ioas_id);
	printf(",\"id\":%u", alloc.out_ioas_id);
	return 0;
}

static int attach(void)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = 12, .pt_id = *get(&ioases, 2) };

	return ioctl(*get(&devices, 1), VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

#define MAP_FLAGS (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)

static int map_file(void)
{
	struct iommu_ioas_map_file map = { .size = sizeof(map),
					   .flags = MAP_FLAGS,
					   .ioas_id = *get(&ioases, 1),
					   .iova = number(2),
					   .fd = *get(&dmabufs, 3),
					   .start = number(4),
					   .length = number(5) };

	return ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &map);
}

static int map_address(void *address, size_t length)
{
	struct iommu_ioas_map map = { .size = sizeof(map),
				      .flags = MAP_FLAGS,
				      .ioas_id = *get(&ioases, 1),
				      .iova = number(2),
				      .user_va = (uintptr_t)address,
				      .length = length };

	return address == MAP_FAILED ? -1 : ioctl(iommufd, IOMMU_IOAS_MAP, &map);
}

static int map_memory(void)
{
	size_t length = number(3);

	return map_address(
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		length);
}

static int map_bar(void)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = number(4) };
	int device = *get(&devices, 3);
	size_t length = number(5);

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region))
		return -1;
	return map_address(
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, device, region.offset),
		length);
}

static int copy(void)
{
	struct iommu_ioas_copy copy = { .size = sizeof(copy),
					.flags = MAP_FLAGS,
					.src_ioas_id = *get(&ioases, 1),
					.src_iova = number(2),
					.dst_ioas_id = *get(&ioases, 3),
					.dst_iova = number(4),
					.length = number(5) };

	return ioctl(iommufd, IOMMU_IOAS_COPY, &copy);
}

static int unmap(void)
{
	struct iommu_ioas_unmap unmap = { .size = sizeof(unmap),
					  .ioas_id = *get(&ioases, 1),
					  .iova = number(2),
					  .length = number(3) };

	return ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap);
}

static int reset(void)
{
	return ioctl(*get(&devices, 1), VFIO_DEVICE_RESET);
}

static int set_memory(void)
{
	struct vfio_region_info config = { .argsz = sizeof(config),
					   .index = VFIO_PCI_CONFIG_REGION_INDEX };
	int device = *get(&devices, 1);
	uint16_t command;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) ||
	    pread(device, &command, sizeof(command), config.offset + PCI_COMMAND) < 0)
		return -1;
	command = number(2) ? command | PCI_COMMAND_MEMORY : command & ~PCI_COMMAND_MEMORY;
	return pwrite(device, &command, sizeof(command), config.offset + PCI_COMMAND) < 0 ? -1 : 0;
}

static int close_made(void)
{
	return close(*get(!strcmp(words[1], "device") ? &devices : &dmabufs, 2));
}

static const struct {
	const char *name;
	unsigned least, most; /* words */
	int (*run)(void);     /* -1: failed, with errno */
} commands[] = {
	{ "open", 2, 2, open_device },
	{ "export", 5, WORDS - 1, export },
	{ "inherit", 2, 2, inherit },
	{ "ioas", 1, 1, make_ioas },
	{ "attach", 3, 3, attach },
	{ "map-file", 6, 6, map_file },
	{ "map-memory", 4, 4, map_memory },
	{ "map-bar", 6, 6, map_bar },
	{ "unmap", 4, 4, unmap },
	{ "reset", 2, 2, reset },
	{ "memory", 3, 3, set_memory },
	{ "close", 3, 3, close_made },
	{ "copy", 6, 6, copy },
};

static void run(char *line)
{
	char *save = NULL;

	line[strcspn(line, "\n")] = '\0';
	printf("{\"command\":\"%s\"", line);
	for (word_count = 0; word_count < WORDS; word_count++, line = NULL)
		if (!(words[word_count] = strtok_r(line, " ", &save)))
			break;
	for (unsigned i = 0; word_count && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(words[0], commands[i].name) || word_count < commands[i].least ||
		    word_count > commands[i].most)
			continue;
		if (commands[i].run())
			printf(",\"error\":\"%s\"", strerrorname_np(errno));
		puts("}");
		return;
	}
	refuse("no such command");
}

int main(int argc, char **argv)
{
	char line[1024];

	setvbuf(stdout, NULL, _IOLBF, 0);
	iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (iommufd < 0) {
		perror("/dev/iommu");
		return 1;
	}
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	while (fgets(line, sizeof(line), stdin))
		run(line);
	return 0;
}
