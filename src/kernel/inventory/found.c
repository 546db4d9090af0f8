// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/found.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

static unsigned slot_of(const struct inventory *inventory, uint64_t inode)
{
	unsigned slot = inode * 0x9e3779b97f4a7c15ull >> 32;

	while (inventory->slots[slot &= inventory->slot_count - 1] &&
	       inventory->items[inventory->slots[slot] - 1].inode != inode)
		slot++;
	return slot;
}

bool inventory_knows(const struct inventory *inventory, uint64_t inode)
{
	return inventory->slot_count && inventory->slots[slot_of(inventory, inode)];
}

static int widen(struct inventory *inventory)
{
	unsigned *slots, count = inventory->slot_count ? 2 * inventory->slot_count : 256;

	if (2 * inventory->count < inventory->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(inventory->slots);
	inventory->slots = slots;
	inventory->slot_count = count;
	for (unsigned i = 0; i < inventory->count; i++)
		inventory->slots[slot_of(inventory, inventory->items[i].inode)] = i + 1;
	return 0;
}

struct inventory_dmabuf *inventory_find(struct inventory *inventory, uint64_t inode)
{
	struct inventory_dmabuf *added;
	unsigned slot;

	if (widen(inventory))
		return NULL;
	slot = slot_of(inventory, inode);
	if (inventory->slots[slot])
		return &inventory->items[inventory->slots[slot] - 1];
	added = array_add(&inventory->items, &inventory->count);
	if (!added)
		return NULL;
	*added = (struct inventory_dmabuf){ .inode = inode, .references = -1, .attachments = -1 };
	inventory->slots[slot] = inventory->count;
	return added;
}

static struct inventory_holder *add_holder(struct inventory_dmabuf *dmabuf,
					   const struct inventory_process *process)
{
	struct inventory_holder *added = array_add(&dmabuf->holders, &dmabuf->holder_count);

	if (!added)
		return NULL;
	added->pid = process->pid;
	memcpy(added->name, process->name, sizeof(process->name));
	return added;
}

int inventory_add_holder(struct inventory_dmabuf *dmabuf, const struct inventory_process *process,
			 unsigned fd)
{
	struct inventory_holder *holder;
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

int inventory_add_map(struct inventory *inventory, const struct inventory_process *process,
		      uint64_t inode, uint64_t size)
{
	struct inventory_dmabuf *dmabuf = inventory_find(inventory, inode);
	struct inventory_holder *holder = NULL;

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

int inventory_add_device(struct inventory *inventory, pid_t pid, dev_t device)
{
	struct inventory_device *added;

	for (unsigned i = 0; i < inventory->node_count; i++) {
		if (inventory->nodes[i].device != device)
			continue;
		added = array_add(&inventory->devices, &inventory->device_count);
		if (!added)
			return -ENOMEM;
		*added = (struct inventory_device){
			.pid = pid,
			.group = inventory->nodes[i].group,
			.number = inventory->nodes[i].number,
		};
	}
	return 0;
}

/* Without memory it stays as it is. */
static void append(char **list, const char *word, size_t length)
{
	char *all;

	if (asprintf(&all, "%s%s%.*s", *list ? *list : "", *list ? "," : "", (int)length, word) < 0)
		return;
	free(*list);
	*list = all;
}

void inventory_add_attached(struct inventory_dmabuf *dmabuf, const char *name, size_t length,
			    const char *promise)
{
	append(&dmabuf->attached, name, length);
	if (promise)
		append(&dmabuf->promises, promise, strlen(promise));
}

static int by_inode(const void *a, const void *b)
{
	const struct inventory_dmabuf *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

const struct inventory_dmabuf *inventory_get(const struct inventory *inventory, uint64_t inode)
{
	const struct inventory_dmabuf wanted = { .inode = inode };

	return inventory->count ? bsearch(&wanted, inventory->items, inventory->count,
					  sizeof(*inventory->items), by_inode) :
				  NULL;
}

static int add_mapped(struct inventory *inventory, const struct inventory_context *context,
		      const struct inventory_mapping *mapping)
{
	struct inventory_dmabuf *dmabuf =
		(struct inventory_dmabuf *)inventory_get(inventory, mapping->inode);
	struct inventory_mapped *added;

	if (!dmabuf)
		return 0;
	added = array_add(&dmabuf->mapped, &dmabuf->mapped_count);
	if (!added)
		return -ENOMEM;
	*added = (struct inventory_mapped){ context, mapping };
	return 0;
}

int inventory_sort(struct inventory *inventory)
{
	int rc = 0;

	if (inventory->count)
		qsort(inventory->items, inventory->count, sizeof(*inventory->items), by_inode);
	for (unsigned i = 0; i < inventory->contexts.count; i++) {
		const struct inventory_context *context = &inventory->contexts.items[i];

		for (unsigned j = 0; !rc && j < context->mapping_count; j++)
			rc = add_mapped(inventory, context, &context->mappings[j]);
	}
	return rc;
}

void inventory_free_export(struct inventory_dmabuf *dmabuf)
{
	if (dmabuf->export)
		free(dmabuf->export->ranges);
	free(dmabuf->export);
	dmabuf->export = NULL;
}

void inventory_free(struct inventory *inventory)
{
	for (unsigned i = 0; i < inventory->count; i++) {
		for (unsigned j = 0; j < inventory->items[i].holder_count; j++)
			free(inventory->items[i].holders[j].fds);
		free(inventory->items[i].holders);
		free(inventory->items[i].attached);
		free(inventory->items[i].promises);
		inventory_free_export(&inventory->items[i]);
		free(inventory->items[i].mapped);
	}
	inventory_free_contexts(&inventory->contexts);
	free(inventory->items);
	free(inventory->devices);
	free(inventory->slots);
	free(inventory->nodes);
	*inventory = (struct inventory){ 0 };
}

bool inventory_is_holder(const struct inventory_dmabuf *dmabuf, pid_t pid)
{
	for (unsigned i = 0; i < dmabuf->holder_count; i++)
		if (dmabuf->holders[i].pid == pid)
			return true;
	return false;
}

bool inventory_has_records(const struct inventory *inventory)
{
	const unsigned both = INVENTORY_VFIO | INVENTORY_IOMMUFD;

	return (inventory->sources & both) == both;
}

const char *inventory_device_of(const struct inventory_dmabuf *dmabuf)
{
	return dmabuf->export ? dmabuf->export->device : "";
}

const struct inventory_user *inventory_user_of(const struct inventory_mapped *mapped)
{
	const struct inventory_context *context = mapped->context;
	const struct inventory_user *user = inventory_find_user(context, mapped->mapping->pid);

	return user || !context->user_count ? user : context->users;
}
