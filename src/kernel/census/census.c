// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/census/census.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "kernel/census/debugfs.h"
#include "kernel/census/iterator.h"
#include "kernel/census/procfs.h"
#include "util/array.h"

/* The nodes of a folder whose names are of that format, and nothing more. */
static int find_nodes(struct census *census, const char *path, const char *format, bool group)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int rc = 0;

	while (folder && !rc && (entry = readdir(folder))) {
		struct census_node *added;
		struct stat node;
		unsigned number;
		char more;

		if (sscanf(entry->d_name, format, &number, &more) != 1 ||
		    fstatat(dirfd(folder), entry->d_name, &node, 0))
			continue;
		added = array_add(&census->nodes, &census->node_count);
		rc = added ? 0 : -ENOMEM;
		if (added)
			*added = (struct census_node){ node.st_rdev, group, number };
	}
	if (folder)
		closedir(folder);
	return rc;
}

bool census_is_complete(const struct census *census)
{
	return census->sources & (CENSUS_DMABUF_ITERATOR | CENSUS_DEBUGFS);
}

/* Fds that explain every reference leave none for a map. */
static bool may_be_mapped(const struct census *census)
{
	if (!census_is_complete(census) || census->unseen)
		return true;
	for (unsigned i = 0; i < census->count; i++) {
		long left = census->items[i].references;

		for (unsigned j = 0; j < census->items[i].holder_count; j++)
			left -= census->items[i].holders[j].fd_count;
		if (left)
			return true;
	}
	return false;
}

static int ask_sources(struct census *census, struct census_iterators *iterators)
{
	int rc = census_from_iterator(census, iterators, CENSUS_DMABUF_ITERATOR);

	if (!rc && !(census->sources & CENSUS_DMABUF_ITERATOR))
		rc = census_from_debugfs(census);
	if (!rc)
		rc = census_from_iterator(census, iterators, CENSUS_FILE_ITERATOR);
	if (!rc && !(census->sources & CENSUS_FILE_ITERATOR))
		rc = census_from_fds(census);
	if (rc || !may_be_mapped(census))
		return rc;
	rc = census_from_iterator(census, iterators, CENSUS_MAP_ITERATOR);
	if (!rc && !(census->sources & CENSUS_MAP_ITERATOR))
		rc = census_from_maps(census);
	return rc;
}

int census_take(struct census *census)
{
	struct census_iterators *iterators;
	int rc;

	*census = (struct census){ 0 };
	rc = find_nodes(census, "/dev/vfio/devices", "vfio%u%c", false);
	if (!rc)
		rc = find_nodes(census, "/dev/vfio", "%u%c", true);
	iterators = rc ? NULL : census_open_iterators(census);
	if (!rc)
		rc = ask_sources(census, iterators);
	census_close_iterators(iterators);
	if (rc)
		census_free(census);
	else
		census_sort(census);
	return rc;
}
