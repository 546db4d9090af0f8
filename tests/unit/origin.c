// SPDX-License-Identifier: GPL-2.0-only
/* Which device a dma-buf must be from, by its size and the devices that its holders have open. */
#include <stdio.h>
#include <string.h>

#include "context/origin.h"
#include "tests/unit/check.h"

#define K 1024ull
#define M (1024 * K)

enum { HOLDER = 10, SECOND, STRANGER };

/* BARs by size; "io": one of I/O ports. */
static const struct pci_device gpu = {
	.name = { "0000:01:00.0" },
	.bars = { { PCI_BAR_MEMORY, { 0, 16 * M }, 0, 0 },
		  { PCI_BAR_MEMORY, { 0, 256 * M }, 0, 0 },
		  { PCI_BAR_IO, { 0, 4 * K }, 0, 0 } },
};
static const struct pci_device nvme = {
	.name = { "0000:02:00.0" },
	.bars = { { PCI_BAR_MEMORY, { 0, 16 * K }, 0, 0 } },
};
static const struct pci_device twin = {
	.name = { "0000:03:00.0" },
	.bars = { { PCI_BAR_MEMORY, { 0, 16 * M }, 0, 0 },
		  { PCI_BAR_MEMORY, { 0, 16 * M }, 0, 0 } },
};

static const struct {
	const char *what;
	uint64_t size;
	struct {
		pid_t pid;
		const struct pci_device *pci;
	} open[3];
	const char *device; /* NULL: not known */
	int bar;
} table[] = {
	{ "nothing is open", 16 * M, { { 0 } }, NULL, 0 },
	{ "the BAR of that size", 16 * M, { { HOLDER, &gpu } }, "0000:01:00.0", 0 },
	{ "the second BAR", 256 * M, { { HOLDER, &gpu } }, "0000:01:00.0", 1 },
	{ "the only BAR that is large enough", 32 * M, { { HOLDER, &gpu } }, "0000:01:00.0", 1 },
	{ "two are large enough", 4 * K, { { HOLDER, &gpu } }, NULL, 0 },
	{ "none is large enough", 512 * M, { { HOLDER, &gpu } }, NULL, 0 },
	{ "two of that size", 16 * M, { { HOLDER, &twin } }, NULL, 0 },
	{ "another holder's device", 16 * M, { { SECOND, &gpu } }, "0000:01:00.0", 0 },
	{ "a device of somebody who does not hold it", 16 * M, { { STRANGER, &gpu } }, NULL, 0 },
	{ "beside a device that is too small",
	  16 * M,
	  { { HOLDER, &nvme }, { HOLDER, &gpu } },
	  "0000:01:00.0",
	  0 },
	{ "a part of the one, or of the other",
	  8 * K,
	  { { HOLDER, &nvme }, { HOLDER, &gpu } },
	  "0000:02:00.0",
	  0 },
	{ "two devices",
	  12 * K,
	  { { HOLDER, &nvme },
	    { SECOND,
	      &(const struct pci_device){ .name = { "0000:04:00.0" },
					  .bars = { { PCI_BAR_MEMORY, { 0, M }, 0, 0 } } } } },
	  NULL,
	  0 },
	{ "one device that both have open",
	  16 * M,
	  { { HOLDER, &gpu }, { STRANGER, &nvme }, { SECOND, &gpu } },
	  "0000:01:00.0",
	  0 },
};

int main(void)
{
	struct inventory_holder holders[] = { { .pid = HOLDER }, { .pid = SECOND } };

	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct inventory_dmabuf dmabuf = { .size = table[i].size,
							 .holders = holders,
							 .holder_count = 2 };
		struct origin_device open[3];
		const struct pci_device *found;
		unsigned count = 0;
		int bar = -1;

		for (; count < 3 && table[i].open[count].pid; count++)
			open[count] = (struct origin_device){ table[i].open[count].pid,
							      *table[i].open[count].pci };
		found = origin_deduce(&dmabuf, open, count, &bar);
		check(table[i].device ? found && !strcmp(found->name.bdf, table[i].device) &&
						bar == table[i].bar :
					!found,
		      "%s", table[i].what);
	}
	return check_plan();
}
