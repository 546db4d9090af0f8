// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/pagetable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INTEL_FOLDER "/sys/kernel/debug/iommu/intel"

/* VT-d: 4 KiB pages, 9 bits a level; the address bits of an entry. */
#define PAGE_SHIFT 12
#define LEVEL_SHIFT 9
#define ADDRESS_MASK 0x000ffffffffff000ull

struct leaf {
	struct range iova;
	uint64_t phys;
};

int pagetable_available(void)
{
	return access(INTEL_FOLDER, R_OK | X_OK) ? -errno : 0;
}

/*
 * "0xPFN | PML5E PML4E PDPE [PDE [PTE]]": the last column is the leaf, so three columns
 * are a 1 GiB page, four 2 MiB, five 4 KiB.
 */
static bool parse_leaf(const char *line, struct leaf *leaf)
{
	unsigned long long pfn, entry[5];
	int columns = sscanf(line, "%llx | %llx %llx %llx %llx %llx", &pfn, &entry[0], &entry[1],
			     &entry[2], &entry[3], &entry[4]) -
		      1;
	unsigned shift;

	if (columns < 3)
		return false;
	shift = PAGE_SHIFT + LEVEL_SHIFT * (5 - columns);
	leaf->iova.offset = pfn << PAGE_SHIFT;
	leaf->iova.length = 1ull << shift;
	leaf->phys = entry[columns - 1] & ADDRESS_MASK & ~((1ull << shift) - 1);
	return true;
}

static uint64_t overlap(struct range a, struct range b)
{
	uint64_t start = a.offset > b.offset ? a.offset : b.offset;
	uint64_t a_end = a.offset + a.length, b_end = b.offset + b.length;
	uint64_t end = a_end < b_end ? a_end : b_end;

	return end > start ? end - start : 0;
}

enum pagetable_answer pagetable_look_up(const struct pci_name *device, struct range iova,
					uint64_t phys)
{
	char path[128];
	auto_free char *text = NULL;
	uint64_t covered = 0;
	bool elsewhere = false;

	snprintf(path, sizeof(path), INTEL_FOLDER "/%s/domain_translation_struct", device->bdf);
	if (sys_read_file(path, &text) || !strstr(text, "IOVA_PFN"))
		return PAGETABLE_UNREADABLE;
	for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		uint64_t common;
		struct leaf leaf;

		if (!parse_leaf(line, &leaf))
			continue;
		common = overlap(leaf.iova, iova);
		covered += common;
		/* Both differences are taken modulo 2^64, so neither side need be larger. */
		if (common && leaf.phys - leaf.iova.offset != phys - iova.offset)
			elsewhere = true;
	}
	if (elsewhere)
		return PAGETABLE_ELSEWHERE;
	return !covered		     ? PAGETABLE_EMPTY :
	       covered < iova.length ? PAGETABLE_PARTIAL :
				       PAGETABLE_FULL;
}
