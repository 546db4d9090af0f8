// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/census/found.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

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
	struct census_dmabuf *added;
	unsigned slot;

	if (widen(census))
		return NULL;
	slot = slot_of(census, inode);
	if (census->slots[slot])
		return &census->items[census->slots[slot] - 1];
	added = array_add(&census->items, &census->count);
	if (!added)
		return NULL;
	*added = (struct census_dmabuf){ .inode = inode, .references = -1, .attachments = -1 };
	census->slots[slot] = census->count;
	return added;
}

static struct census_holder *add_holder(struct census_dmabuf *dmabuf,
					const struct census_process *process)
{
	struct census_holder *added = array_add(&dmabuf->holders, &dmabuf->holder_count);

	if (!added)
		return NULL;
	added->pid = process->pid;
	memcpy(added->name, process->name, sizeof(process->name));
	return added;
}

int census_add_holder(struct census_dmabuf *dmabuf, const struct census_process *process,
		      unsigned fd)
{
	struct census_holder *holder;
	unsigned *added;

	holder = dmabuf->holder_count ? &dmabuf->holders[dmabuf->holder_count - 1] : NULL;
	/* As processes come in turn, it is the last one or not there yet. */
	if (!holder || holder->pid != process->pid)
		holder = add_holder(dmabuf, process);
	added = holder ? array_add(&holder->fds, &holder->fd_count) : NULL;
	if (!added)
		return -ENOMEM;
	*added = fd;
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
	struct census_device *added;

	for (unsigned i = 0; i < census->node_count; i++) {
		if (census->nodes[i].device != device)
			continue;
		added = array_add(&census->devices, &census->device_count);
		if (!added)
			return -ENOMEM;
		*added = (struct census_device){
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

static int by_inode(const void *a, const void *b)
{
	const struct census_dmabuf *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

void census_sort(struct census *census)
{
	if (census->count)
		qsort(census->items, census->count, sizeof(*census->items), by_inode);
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

bool census_is_holder(const struct census_dmabuf *dmabuf, pid_t pid)
{
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		if (dmabuf->holders[i].pid == pid)
			return true;
	return false;
}
