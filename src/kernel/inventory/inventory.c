// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "kernel/inventory/debugfs.h"
#include "kernel/inventory/iterator.h"
#include "kernel/inventory/procfs.h"
#include "util/array.h"

/*
 * Of VFIO and iommufd; there are seldom more. The kernel frees a table only after a while, so the
 * one that each command makes is not large.
 */
#define RECORDS 16384

/* The nodes of a directory whose names are of that format, and nothing more. */
static int find_nodes(struct inventory *inventory, const char *path, const char *format, bool group)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int rc = 0;

	while (directory && !rc && (entry = readdir(directory))) {
		struct inventory_node *added;
		struct stat node;
		unsigned number;
		char more;

		if (sscanf(entry->d_name, format, &number, &more) != 1 ||
		    fstatat(dirfd(directory), entry->d_name, &node, 0))
			continue;
		added = array_add(&inventory->nodes, &inventory->node_count);
		rc = added ? 0 : -ENOMEM;
		if (added)
			*added = (struct inventory_node){ node.st_rdev, group, number };
	}
	if (directory)
		closedir(directory);
	return rc;
}

bool inventory_is_complete(const struct inventory *inventory)
{
	return inventory->sources & (INVENTORY_DMABUF_ITERATOR | INVENTORY_DEBUGFS);
}

/* Fds that explain every reference leave none for a map. */
static bool may_be_mapped(const struct inventory *inventory)
{
	if (!inventory_is_complete(inventory) || inventory->unseen)
		return true;
	for (unsigned i = 0; i < inventory->count; i++) {
		long left = inventory->items[i].references;

		for (unsigned j = 0; j < inventory->items[i].holder_count; j++)
			left -= inventory->items[i].holders[j].fd_count;
		if (left)
			return true;
	}
	return false;
}

static int ask_sources(struct inventory *inventory, struct inventory_iterators *iterators,
		       unsigned *records)
{
	int rc = inventory_from_iterator(inventory, iterators, INVENTORY_DMABUF_ITERATOR, 0);

	if (!rc && !(inventory->sources & INVENTORY_DMABUF_ITERATOR))
		rc = inventory_from_debugfs(inventory);
	if (!rc)
		rc = inventory_from_iterator(inventory, iterators, INVENTORY_FILE_ITERATOR, 0);
	if (!rc && !(inventory->sources & INVENTORY_FILE_ITERATOR))
		rc = inventory_from_fds(inventory, 0);
	if (!rc)
		rc = inventory_from_survey(inventory, iterators, records);
	if (rc || !may_be_mapped(inventory))
		return rc;
	rc = inventory_from_iterator(inventory, iterators, INVENTORY_MAP_ITERATOR, 0);
	if (!rc && !(inventory->sources & INVENTORY_MAP_ITERATOR))
		rc = inventory_from_maps(inventory);
	return rc;
}

/* What concerns a process, for which it must have fds. */
static int ask_records(struct inventory *inventory, struct inventory_iterators *iterators,
		       unsigned *records, pid_t pid)
{
	int rc = inventory_from_iterator(inventory, iterators, INVENTORY_FILE_ITERATOR, pid);

	if (!rc && !(inventory->sources & INVENTORY_FILE_ITERATOR))
		rc = inventory_from_fds(inventory, pid);
	return rc ? rc : inventory_from_survey(inventory, iterators, records);
}

/* pid 0: everything */
static int try_to_take(struct inventory *inventory, unsigned *records, pid_t pid)
{
	struct inventory_iterators *iterators;
	int rc;

	*inventory = (struct inventory){ 0 };
	rc = find_nodes(inventory, "/dev/vfio/devices", "vfio%u%c", false);
	if (!rc)
		rc = find_nodes(inventory, "/dev/vfio", "%u%c", true);
	iterators = rc ? NULL : inventory_open_iterators(inventory, *records);
	if (!rc)
		rc = pid ? ask_records(inventory, iterators, records, pid) :
			   ask_sources(inventory, iterators, records);
	inventory_close_iterators(iterators);
	if (!rc)
		rc = inventory_sort(inventory);
	if (rc)
		inventory_free(inventory);
	return rc;
}

int inventory_take_records(struct inventory *inventory, pid_t pid)
{
	unsigned records = RECORDS;
	int rc;

	do {
		rc = try_to_take(inventory, &records, pid);
		records += records / 4;
	} while (rc == -ENOSPC);
	return rc;
}

int inventory_take(struct inventory *inventory)
{
	return inventory_take_records(inventory, 0);
}
