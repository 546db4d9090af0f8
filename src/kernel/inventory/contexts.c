// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/contexts.h"

#include <errno.h>

#include "util/array.h"
#include "util/text.h"

struct inventory_context *inventory_find_context(struct inventory_contexts *contexts,
						 uint64_t address)
{
	struct inventory_context *added;

	/* The fds of a process come one after the other: it is among the last. */
	for (unsigned i = contexts->count; i-- > 0;)
		if (contexts->items[i].address == address)
			return &contexts->items[i];
	added = array_add(&contexts->items, &contexts->count);
	if (added)
		added->address = address;
	return added;
}

int inventory_add_user(struct inventory_context *context, pid_t pid, const char *name)
{
	struct inventory_user *added;

	if (context->user_count && context->users[context->user_count - 1].pid == pid)
		return 0;
	added = array_add(&context->users, &context->user_count);
	if (!added)
		return -ENOMEM;
	added->pid = pid;
	copy_text(added->name, sizeof(added->name), name);
	return 0;
}

const struct inventory_user *inventory_find_user(const struct inventory_context *context, pid_t pid)
{
	for (unsigned i = 0; i < context->user_count; i++)
		if (context->users[i].pid == pid)
			return &context->users[i];
	return NULL;
}

void inventory_free_contexts(struct inventory_contexts *contexts)
{
	for (unsigned i = 0; i < contexts->count; i++) {
		free(contexts->items[i].users);
		free(contexts->items[i].devices);
		free(contexts->items[i].ioases);
		free(contexts->items[i].mappings);
	}
	free(contexts->items);
	*contexts = (struct inventory_contexts){ 0 };
}
