// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a context's holder has, seen and changed without dmabufctl: takes the fds out of the process
 * (pidfd_getfd(2)) and asks the kernel. CDEV is the path of a VFIO device, IOAS an ID in iommufd.
 *
 *   peek PID ioases                             the IDs of all IOASes that there are
 *   peek PID unmap IOAS IOVA LENGTH
 *   peek PID map IOAS FD OFFSET LENGTH IOVA     FD: of a dma-buf, its number in that process
 *   peek PID read CDEV REGION OFFSET LENGTH     as one hexadecimal number, little endian; up to 8
 * bytes peek PID fill CDEV REGION OFFSET LENGTH SEED    each 8 bytes become SEED and their own
 * offset peek PID same CDEV REGION OFFSET LENGTH SEED    fails where they are not, and says where
 *   peek PID copy CDEV FROM TO LENGTH           edu copies from one IOVA to another
 *   peek PID churn IOAS FD IOVA TIMES           maps and unmaps a page of the dma-buf
 *   peek PID hold FD                            has it too until standard input ends; says "held"
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define IOAS_IDS 256

static pid_t holder;
static char **words;

static long must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static uint64_t number(unsigned word)
{
	char *end;
	uint64_t value = strtoull(words[word], &end, 0);

	if (*end || end == words[word]) {
		fprintf(stderr, "peek: '%s' is no number\n", words[word]);
		exit(2);
	}
	return value;
}

static int take(int fd)
{
	int process = must(syscall(SYS_pidfd_open, holder, 0), "pidfd_open");
	int taken = must(syscall(SYS_pidfd_getfd, process, fd, 0), "pidfd_getfd");

	close(process);
	return taken;
}

/* The first of the holder's fds that is open on this path. */
static int take_by_path(const char *path)
{
	char name[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	DIR *fds;

	snprintf(name, sizeof(name), "/proc/%d/fd", holder);
	fds = opendir(name);
	must(fds ? 0 : -1, name);
	while ((entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		if (!strcmp(target, path)) {
			int fd = take(atoi(entry->d_name));

			closedir(fds);
			return fd;
		}
	}
	fprintf(stderr, "peek: process %d does not have %s open\n", holder, path);
	exit(1);
}

static int list_ioases(void)
{
	int iommufd = take_by_path("/dev/iommu");
	const char *before = "";

	for (unsigned id = 1; id < IOAS_IDS; id++) {
		struct iommu_ioas_iova_ranges query = { .size = sizeof(query), .ioas_id = id };

		if (ioctl(iommufd, IOMMU_IOAS_IOVA_RANGES, &query) && errno != EMSGSIZE)
			continue;
		printf("%s%u", before, id);
		before = " ";
	}
	putchar('\n');
	return 0;
}

static int unmap(void)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = number(0),
		.iova = number(1),
		.length = number(2),
	};

	must(ioctl(take_by_path("/dev/iommu"), IOMMU_IOAS_UNMAP, &unmap), "IOMMU_IOAS_UNMAP");
	return 0;
}

static int map(void)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = number(0),
		.fd = take(number(1)),
		.start = number(2),
		.length = number(3),
		.iova = number(4),
	};

	must(ioctl(take_by_path("/dev/iommu"), IOMMU_IOAS_MAP_FILE, &map), "IOMMU_IOAS_MAP_FILE");
	return 0;
}

static int churn(void)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.ioas_id = number(0),
		.fd = take(number(1)),
		.length = sysconf(_SC_PAGESIZE),
		.iova = number(2),
	};
	int iommufd = take_by_path("/dev/iommu");

	for (uint64_t times = number(3); times; times--) {
		struct iommu_ioas_unmap unmap = {
			.size = sizeof(unmap),
			.ioas_id = map.ioas_id,
			.iova = map.iova,
			.length = map.length,
		};

		must(ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &map), "IOMMU_IOAS_MAP_FILE");
		must(ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap), "IOMMU_IOAS_UNMAP");
	}
	return 0;
}

/* Where VFIO has the region in the device's file. */
static uint64_t start_of(int device, unsigned region)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = region };

	must(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info), "VFIO_DEVICE_GET_REGION_INFO");
	return info.offset;
}

static void read_exactly(int device, void *bytes, size_t size, uint64_t offset)
{
	if (must(pread(device, bytes, size, offset), "pread") != (ssize_t)size)
		exit(1);
}

static void write_exactly(int device, const void *bytes, size_t size, uint64_t offset)
{
	if (must(pwrite(device, bytes, size, offset), "pwrite") != (ssize_t)size)
		exit(1);
}

static int read_number(void)
{
	int device = take_by_path(words[0]);
	uint64_t value = 0, size = number(3);

	if (size > sizeof(value))
		return 2;
	read_exactly(device, &value, size, start_of(device, number(1)) + number(2));
	printf("0x%llx\n", (unsigned long long)value);
	return 0;
}

static int fill(void)
{
	int device = take_by_path(words[0]);
	uint64_t start = start_of(device, number(1)), first = number(2), size = number(3);
	uint64_t *bytes = malloc(size), seed = number(4);

	for (uint64_t i = 0; i < size / sizeof(*bytes); i++)
		bytes[i] = seed + first + i * sizeof(*bytes);
	write_exactly(device, bytes, size, start + first);
	free(bytes);
	return 0;
}

static int compare(void)
{
	int device = take_by_path(words[0]);
	uint64_t start = start_of(device, number(1)), first = number(2), size = number(3);
	uint64_t *bytes = malloc(size), seed = number(4), i = 0;
	bool all;

	read_exactly(device, bytes, size, start + first);
	while (i < size / sizeof(*bytes) && bytes[i] == seed + first + i * sizeof(*bytes))
		i++;
	all = i == size / sizeof(*bytes);
	if (!all)
		printf("# peek: another value at 0x%llx\n",
		       (unsigned long long)(first + i * sizeof(*bytes)));
	free(bytes);
	return !all;
}

/* QEMU's docs/specs/edu.rst; its buffer holds 4 KiB. */
static void transfer(int device, uint64_t bar, uint64_t from, uint64_t to, uint64_t size,
		     uint64_t command)
{
	const uint64_t registers[] = { from, to, size, command | 1 };
	uint64_t state;

	for (unsigned i = 0; i < sizeof(registers) / sizeof(*registers); i++)
		write_exactly(device, &registers[i], sizeof(registers[i]), bar + 0x80 + 8 * i);
	do
		read_exactly(device, &state, sizeof(state), bar + 0x98);
	while (state & 1);
}

static int copy(void)
{
	const uint64_t buffer = 0x40000;
	int device = take_by_path(words[0]);
	uint64_t bar = start_of(device, 0), config = start_of(device, VFIO_PCI_CONFIG_REGION_INDEX);
	uint16_t before, command;

	read_exactly(device, &before, sizeof(before), config + PCI_COMMAND);
	command = before | PCI_COMMAND_MASTER;
	write_exactly(device, &command, sizeof(command), config + PCI_COMMAND);
	transfer(device, bar, number(1), buffer, number(3), 0);
	transfer(device, bar, buffer, number(2), number(3), 2);
	write_exactly(device, &before, sizeof(before), config + PCI_COMMAND);
	return 0;
}

static int hold(void)
{
	char byte;

	take(number(0));
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

static const struct {
	const char *name;
	int words;
	int (*run)(void);
} commands[] = {
	{ "ioases", 0, list_ioases }, { "unmap", 3, unmap }, { "map", 5, map },
	{ "read", 4, read_number },   { "fill", 5, fill },   { "same", 5, compare },
	{ "copy", 4, copy },	      { "hold", 1, hold },   { "churn", 4, churn },
};

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc >= 3 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[2], commands[i].name) && argc == commands[i].words + 3) {
			holder = atoi(argv[1]);
			words = argv + 3;
			return commands[i].run();
		}
	fprintf(stderr, "peek: see tests/lab/peek.c for what it takes\n");
	return 2;
}
