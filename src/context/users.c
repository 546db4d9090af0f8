// SPDX-License-Identifier: GPL-2.0-only
#include "context/users.h"

#include <string.h>

#include "context/overview.h"
#include "kernel/attachment.h"
#include "kernel/inventory/inventory.h"
#include "kernel/process.h"
#include "util/scope.h"
#include "util/text.h"

/* A holder is better known by its context. */
static const char *context_of(const struct context_summary *contexts, unsigned count, pid_t holder)
{
	for (unsigned i = 0; i < count; i++)
		if (contexts[i].holder == holder)
			return contexts[i].name;
	return NULL;
}

/* What put says of each user, in a list; context: NULL for one that is no holder. */
static void describe(const struct pci_device *pci, char *text, size_t size,
		     void (*put)(char *text, size_t size, const struct process *user,
				 const char *context))
{
	auto_free struct context_summary *contexts = NULL;
	auto_free struct process *users = NULL;
	unsigned count = 0, context_count = 0;
	dev_t node = *pci->cdev ? pci->cdev_number : attachment_node(pci->name.bdf);

	*text = '\0';
	if (!node)
		return;
	process_list_users(node, &users, &count);
	if (count)
		context_list(&contexts, &context_count);
	for (unsigned i = 0; i < count; i++)
		put(text, size, &users[i], context_of(contexts, context_count, users[i].pid));
}

static void put_user(char *text, size_t size, const struct process *user, const char *context)
{
	text_join(text, size, ", ", "%s%s (PID %d)", context ? "context " : "",
		  context ? context : user->name, user->pid);
}

static void put_release(char *text, size_t size, const struct process *user, const char *context)
{
	if (context)
		text_join(text, size, ", ", "'dmabufctl --context %s release --all' lets it go",
			  context);
	else
		text_join(text, size, ", ", "end PID %d", user->pid);
}

void describe_users(const struct pci_device *pci, char *text, size_t size)
{
	describe(pci, text, size, put_user);
}

void describe_release(const struct pci_device *pci, char *text, size_t size)
{
	describe(pci, text, size, put_release);
}

static unsigned count_mappings(const struct inventory *inventory,
			       const struct inventory_context *context, const char *bdf)
{
	unsigned count = 0;

	for (unsigned i = 0; i < context->mapping_count; i++) {
		const struct inventory_mapping *mapping = &context->mappings[i];
		const struct inventory_dmabuf *dmabuf = inventory_get(inventory, mapping->inode);

		count += !mapping->revoked && dmabuf && !strcmp(inventory_device_of(dmabuf), bdf);
	}
	return count;
}

/* An iommufd context is known by its first user. */
static void put_mappings(char *text, size_t size, unsigned count, const struct inventory_user *user,
			 const char *context)
{
	text_join(text, size, ", ", "%u in %s%s (PID %d)", count, context ? "context " : "",
		  context ? context : user->name, user->pid);
}

bool describe_mappings(const struct pci_device *pci, char *text, size_t size)
{
	auto_free struct context_summary *contexts = NULL;
	unsigned context_count = 0;
	struct inventory inventory;
	bool known;

	*text = '\0';
	if (inventory_take(&inventory))
		return false;
	known = inventory_has_records(&inventory);
	context_list(&contexts, &context_count);
	for (unsigned i = 0; known && i < inventory.contexts.count; i++) {
		const struct inventory_context *each = &inventory.contexts.items[i];
		unsigned count = count_mappings(&inventory, each, pci->name.bdf);

		if (count && each->user_count)
			put_mappings(text, size, count, each->users,
				     context_of(contexts, context_count, each->users->pid));
	}
	inventory_free(&inventory);
	return known;
}
