// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/census/census.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/census/source.h"

static void *grow(void *array, unsigned count, size_t size)
{
	/* Doubled whenever the count reaches a power of two. */
	return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);
}

static unsigned slot_of(const struct census *census, uint64_t inode)
{
	unsigned slot = inode * 0x9e3779b97f4a7c15ull >> 32;

	while (census->slots[slot &= census->slot_count - 1] &&
	       census->items[census->slots[slot] - 1].inode != inode)
		slot++;
	return slot;
}

bool census_knows(const struct census *census, uint64_t inode)
{
	return census->slot_count && census->slots[slot_of(census, inode)];
}

static int widen(struct census *census)
{
	unsigned *slots, count = census->slot_count ? 2 * census->slot_count : 256;

	if (2 * census->count < census->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(census->slots);
	census->slots = slots;
	census->slot_count = count;
	for (unsigned i = 0; i < census->count; i++)
		census->slots[slot_of(census, census->items[i].inode)] = i + 1;
	return 0;
}

struct census_dmabuf *census_find(struct census *census, uint64_t inode)
{
	struct census_dmabuf *items;
	unsigned slot;

	if (widen(census))
		return NULL;
	slot = slot_of(census, inode);
	if (census->slots[slot])
		return &census->items[census->slots[slot] - 1];
	items = grow(census->items, census->count, sizeof(*items));
	if (!items)
		return NULL;
	census->items = items;
	items[census->count] =
		(struct census_dmabuf){ .inode = inode, .references = -1, .attachments = -1 };
	census->slots[slot] = ++census->count;
	return &items[census->count - 1];
}

static struct census_holder *add_holder(struct census_dmabuf *dmabuf,
					const struct census_process *process)
{
	unsigned count = dmabuf->holder_count;
	struct census_holder *holders = grow(dmabuf->holders, count, sizeof(*holders));

	if (!holders)
		return NULL;
	dmabuf->holders = holders;
	dmabuf->holder_count++;
	holders[count] = (struct census_holder){ .pid = process->pid };
	memcpy(holders[count].name, process->name, sizeof(process->name));
	return &holders[count];
}

int census_add_fd(struct census *census, const struct census_process *process, uint64_t inode,
		  unsigned fd)
{
	struct census_dmabuf *dmabuf = census_find(census, inode);
	struct census_holder *holder;
	unsigned *fds;

	if (!dmabuf)
		return -ENOMEM;
	if (!*dmabuf->exporter)
		census_describe(dmabuf, process->pid, fd);
	holder = dmabuf->holder_count ? &dmabuf->holders[dmabuf->holder_count - 1] : NULL;
	/* As processes come in turn, it is the last one or not there yet. */
	if (!holder || holder->pid != process->pid)
		holder = add_holder(dmabuf, process);
	fds = holder ? grow(holder->fds, holder->fd_count, sizeof(*fds)) : NULL;
	if (!fds)
		return -ENOMEM;
	holder->fds = fds;
	fds[holder->fd_count++] = fd;
	return 0;
}

int census_add_map(struct census *census, const struct census_process *process, uint64_t inode,
		   uint64_t size)
{
	struct census_dmabuf *dmabuf = census_find(census, inode);
	struct census_holder *holder = NULL;

	if (!dmabuf)
		return -ENOMEM;
	for (unsigned i = 0; i < dmabuf->holder_count && !holder; i++)
		if (dmabuf->holders[i].pid == process->pid)
			holder = &dmabuf->holders[i];
	if (!holder)
		holder = add_holder(dmabuf, process);
	if (!holder)
		return -ENOMEM;
	holder->maps++;
	holder->mapped += size;
	return 0;
}

int census_add_device(struct census *census, pid_t pid, dev_t device)
{
	struct census_device *devices;

	for (unsigned i = 0; i < census->node_count; i++) {
		if (census->nodes[i].device != device)
			continue;
		devices = grow(census->devices, census->device_count, sizeof(*devices));
		if (!devices)
			return -ENOMEM;
		census->devices = devices;
		devices[census->device_count++] = (struct census_device){
			.pid = pid,
			.group = census->nodes[i].group,
			.number = census->nodes[i].number,
		};
	}
	return 0;
}

void census_add_attached(struct census_dmabuf *dmabuf, const char *name, size_t length)
{
	char *all;

	if (asprintf(&all, "%s%s%.*s", dmabuf->attached ? dmabuf->attached : "",
		     dmabuf->attached ? "," : "", (int)length, name) < 0)
		return;
	free(dmabuf->attached);
	dmabuf->attached = all;
}

/* The nodes of a folder whose names are of that format, and nothing more. */
static int find_nodes(struct census *census, const char *path, const char *format, bool group)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int rc = 0;

	while (folder && !rc && (entry = readdir(folder))) {
		struct census_node *nodes;
		struct stat node;
		unsigned number;
		char more;

		if (sscanf(entry->d_name, format, &number, &more) != 1 ||
		    fstatat(dirfd(folder), entry->d_name, &node, 0))
			continue;
		nodes = grow(census->nodes, census->node_count, sizeof(*nodes));
		rc = nodes ? 0 : -ENOMEM;
		if (!nodes)
			continue;
		census->nodes = nodes;
		nodes[census->node_count++] = (struct census_node){ .device = node.st_rdev,
								    .group = group,
								    .number = number };
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

static int by_inode(const void *a, const void *b)
{
	const struct census_dmabuf *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
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
	else if (census->count)
		qsort(census->items, census->count, sizeof(*census->items), by_inode);
	return rc;
}

const struct census_dmabuf *census_get(const struct census *census, uint64_t inode)
{
	const struct census_dmabuf wanted = { .inode = inode };

	return census->count ? bsearch(&wanted, census->items, census->count,
				       sizeof(*census->items), by_inode) :
			       NULL;
}

void census_free(struct census *census)
{
	for (unsigned i = 0; i < census->count; i++) {
		for (unsigned j = 0; j < census->items[i].holder_count; j++)
			free(census->items[i].holders[j].fds);
		free(census->items[i].holders);
		free(census->items[i].attached);
	}
	free(census->items);
	free(census->devices);
	free(census->slots);
	free(census->nodes);
	*census = (struct census){ 0 };
}
