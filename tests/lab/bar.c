// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks into a BAR past everything under test: by way of sysfs, as /sys/bus/pci/devices/BDF/resource2.
 *
 *   bar read FILE OFFSET LENGTH          prints the bytes
 *   bar fill FILE OFFSET LENGTH BYTE     sets them all to one value
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	volatile uint64_t *bar;
	size_t offset, length;
	int file;

	if (argc < 5)
		return 2;
	offset = strtoul(argv[3], NULL, 0);
	length = strtoul(argv[4], NULL, 0);
	file = open(argv[2], O_RDWR);
	bar = file < 0 ? MAP_FAILED :
			 mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
	if (bar == MAP_FAILED) {
		perror(argv[2]);
		return 1;
	}
	for (size_t i = 0; i < length / sizeof(*bar); i++) {
		uint64_t value = argc > 5 ? strtoul(argv[5], NULL, 0) * 0x0101010101010101 : 0;

		if (!strcmp(argv[1], "fill"))
			bar[i] = value;
		else if ((value = bar[i], fwrite(&value, sizeof(value), 1, stdout)) != 1)
			return 1;
	}
	return 0;
}
