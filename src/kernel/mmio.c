// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/mmio.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernel/sys.h"
#include "util/scope.h"

static sigjmp_buf refused;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(refused, 1);
}

/* A function of its own, so that the jump out of it disturbs no variable of its caller. */
__attribute__((noinline)) static void access_words(volatile uint64_t *mmio, uint8_t *read,
						   const uint8_t *write, size_t size)
{
	for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
		uint64_t word;

		if (write) {
			memcpy(&word, write + i * sizeof(word), sizeof(word));
			mmio[i] = word;
		} else {
			word = mmio[i];
			memcpy(read + i * sizeof(word), &word, sizeof(word));
		}
	}
}

int mmio_access(void *mmio, void *read, const void *write, size_t size)
{
	const struct sigaction catch = { .sa_handler = on_bus_error };
	struct sigaction before;
	int rc;

	sigaction(SIGBUS, &catch, &before);
	if (sigsetjmp(refused, 1)) {
		rc = -EIO;
	} else {
		access_words(mmio, read, write, size);
		rc = 0;
	}
	sigaction(SIGBUS, &before, NULL);
	return rc;
}

int mmio_map_bar(const struct pci_name *name, unsigned bar, struct range part, void **memory)
{
	auto_close int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%u", name->bdf, bar);
	fd = sys_open(path, O_RDWR);
	return fd < 0 ? fd : sys_mmap(fd, part.length, part.offset, memory);
}
