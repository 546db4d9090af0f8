// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/pagetable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/sys.h"
#include "util/array.h"
#include "util/scope.h"
#include "util/search.h"

#define INTEL_DIRECTORY "/sys/kernel/debug/iommu/intel"

/* VT-d: 4 KiB pages, 9 bits a level; the address bits of an entry. */
#define PAGE_SHIFT 12
#define LEVEL_SHIFT 9
#define ADDRESS_MASK 0x000ffffffffff000ull

int pagetable_available(void)
{
	return access(INTEL_DIRECTORY, R_OK | X_OK) ? -errno : 0;
}

/*
 * "0xPFN | PML5E PML4E PDPE [PDE [PTE]]": the last column is the leaf, so three columns
 * are a 1 GiB page, four 2 MiB, five 4 KiB.
 */
static bool parse_leaf(const char *line, struct pagetable_run *leaf)
{
	uint64_t pfn, entry = 0;
	unsigned columns = 0, shift;
	char *end;

	pfn = strtoull(line, &end, 16);
	if (end == line || strncmp(end, " |", 2))
		return false;
	/* Not past the line's end, which strtoull() takes for a blank. */
	for (line = end + 2; *line == '\t' && columns < 5; line = end, columns++)
		entry = strtoull(line, &end, 16);
	if (columns < 3)
		return false;
	shift = PAGE_SHIFT + LEVEL_SHIFT * (5 - columns);
	leaf->iova.offset = pfn << PAGE_SHIFT;
	leaf->iova.length = 1ull << shift;
	leaf->phys = entry & ADDRESS_MASK & ~((1ull << shift) - 1);
	return true;
}

/* Joined to the one before where both sides go on. */
static int add_leaf(struct pagetable *table, const struct pagetable_run *leaf)
{
	struct pagetable_run *last = table->count ? &table->runs[table->count - 1] : NULL;
	struct pagetable_run *added;

	if (last && last->iova.offset + last->iova.length == leaf->iova.offset &&
	    last->phys + last->iova.length == leaf->phys) {
		last->iova.length += leaf->iova.length;
		return 0;
	}
	added = array_add(&table->runs, &table->count);
	if (!added)
		return -ENOMEM;
	*added = *leaf;
	return 0;
}

static int by_iova(const void *a, const void *b)
{
	const struct pagetable_run *left = a, *right = b;

	return left->iova.offset < right->iova.offset ? -1 : left->iova.offset > right->iova.offset;
}

int pagetable_parse(const char *text, struct pagetable *table)
{
	bool headed = false;
	int rc = 0;

	*table = (struct pagetable){ 0 };
	for (const char *line = text; line && !rc; line = strchr(line, '\n')) {
		struct pagetable_run leaf;

		line += *line == '\n';
		headed |= !strncmp(line, "IOVA_PFN", 8);
		if (parse_leaf(line, &leaf))
			rc = add_leaf(table, &leaf);
	}
	if (!rc && !headed)
		rc = -EPROTO;
	if (rc)
		pagetable_free(table);
	else if (table->count)
		qsort(table->runs, table->count, sizeof(*table->runs), by_iova);
	return rc;
}

int pagetable_read(const struct pci_name *device, struct pagetable *table)
{
	char path[128];
	auto_free char *text = NULL;
	int rc;

	snprintf(path, sizeof(path), INTEL_DIRECTORY "/%s/domain_translation_struct", device->bdf);
	rc = sys_read_file(path, &text);
	return rc ? rc : pagetable_parse(text, table);
}

void pagetable_free(struct pagetable *table)
{
	free(table->runs);
	*table = (struct pagetable){ 0 };
}

static bool ends_before(const void *run, const void *address)
{
	return range_last(((const struct pagetable_run *)run)->iova) < *(const uint64_t *)address;
}

/* The first run that does not end before the address. */
static unsigned find_run(const struct pagetable *table, uint64_t address)
{
	return search_first(table->runs, table->count, sizeof(*table->runs), &address, ends_before);
}

enum pagetable_answer pagetable_look_up(const struct pagetable *table, struct range iova,
					uint64_t phys)
{
	uint64_t covered = 0;

	for (unsigned i = find_run(table, iova.offset); i < table->count; i++) {
		const struct pagetable_run *run = &table->runs[i];
		uint64_t common = range_common(run->iova, iova);

		if (!common)
			break;
		covered += common;
		/* Both differences are taken modulo 2^64, so neither side need be larger. */
		if (run->phys - run->iova.offset != phys - iova.offset)
			return PAGETABLE_ELSEWHERE;
	}
	return !covered		     ? PAGETABLE_EMPTY :
	       covered < iova.length ? PAGETABLE_PARTIAL :
				       PAGETABLE_FULL;
}
