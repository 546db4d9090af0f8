// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/affected.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/kernel_rows.h"
#include "kernel/inventory/inventory.h"
#include "kernel/process.h"
#include "util/scope.h"
#include "util/text.h"

/* Of processes other than this one and the context's holder, as "qemu (PID 12)". */
struct others {
	const struct context *context;
	char text[256];
};

static void add_other(struct others *others, pid_t pid, const char *name)
{
	if (pid != getpid() && pid != others->context->client.holder)
		text_join(others->text, sizeof(others->text), ", ", "%s (PID %d)", name, pid);
}

static void describe_holders(struct others *others, const struct inventory *inventory,
			     const struct object *dmabuf)
{
	const struct inventory_dmabuf *found = inventory_get(inventory, dmabuf->inode);

	*others->text = '\0';
	for (unsigned i = 0; found && i < found->holder_count; i++)
		add_other(others, found->holders[i].pid, found->holders[i].name);
}

/* In an iommufd context of others; one that was taken away before has nothing to lose. */
static bool would_go(const struct others *others, const struct inventory_mapped *mapped)
{
	return !mapped->mapping->revoked && !inventory_find_user(mapped->context, getpid()) &&
	       !inventory_find_user(mapped->context, others->context->client.holder);
}

/* Each context's mappings of it stand together. */
static void describe_mappers(struct others *others, const struct inventory_dmabuf *dmabuf)
{
	const struct inventory_context *last = NULL;

	*others->text = '\0';
	for (unsigned i = 0; i < dmabuf->mapped_count; i++) {
		const struct inventory_mapped *mapped = &dmabuf->mapped[i];
		const struct inventory_user *user = inventory_user_of(mapped);

		if (!user || mapped->context == last || !would_go(others, mapped))
			continue;
		add_other(others, user->pid, user->name);
		last = mapped->context;
	}
}

/* Only a trigger that waits for users has to care who they are. */
static void describe_device_users(struct others *others, const struct revocation *revocation)
{
	auto_free struct process *users = NULL;
	struct pci_device pci;
	unsigned count = 0;

	*others->text = '\0';
	if (!revocation->trigger->evicts || pci_get(&revocation->name, &pci))
		return;
	process_list_users(pci.cdev_number, &users, &count);
	for (unsigned i = 0; i < count; i++)
		add_other(others, users[i].pid, users[i].name);
}

static void add_hit(json_object *rows, const char *kind, const char *name, const char *holders)
{
	json_object *row = add_object(rows);

	json_put_text(row, "kind", kind);
	json_put_text(row, "name", name);
	json_put_text(row, "holders", holders);
}

static bool is_hit(const struct revocation *revocation, const struct object *mapping)
{
	const struct object *dmabuf =
		object_find(&revocation->context->objects, OBJECT_DMABUF, mapping->dmabuf);

	return dmabuf && revocation_hits(revocation, dmabuf);
}

/* What cannot be seen is said. */
static enum status look(const struct revocation *revocation, struct inventory *inventory)
{
	int rc = inventory_take(inventory);

	if (rc) {
		fail_errno(rc, "revoke %s --by %s: look for other users", revocation->name.bdf,
			   revocation->trigger->name);
		return fail_status(STATUS_FAILED);
	}
	if (!inventory_has_records(inventory))
		fprintf(stderr,
			"dmabufctl: revoke %s: mappings of other processes cannot be seen; "
			"'dmabufctl doctor' says why\n",
			revocation->name.bdf);
	return STATUS_OK;
}

static void fill_hit(json_object *rows, const struct revocation *revocation,
		     const struct inventory *inventory)
{
	const struct object_list *objects = &revocation->context->objects;
	struct others others = { .context = revocation->context };

	describe_device_users(&others, revocation);
	for (unsigned i = 0; i < revocation->hit_count; i++) {
		const char *bdf = revocation->hit[i].name.bdf;

		add_hit(rows, "device", bdf,
			strcmp(bdf, revocation->name.bdf) ? NULL : others.text);
	}
	for_each_object(dmabuf, objects, OBJECT_DMABUF) {
		if (!revocation_hits(revocation, dmabuf))
			continue;
		describe_holders(&others, inventory, dmabuf);
		add_hit(rows, "dma-buf", dmabuf->name, others.text);
	}
	for_each_object(mapping, objects, OBJECT_MAPPING)
		if (is_hit(revocation, mapping))
			add_hit(rows, "mapping", mapping->name, NULL);
}

/* The dma-buf of that inode, as the context has it; NULL: it has it no more, or never had. */
static const struct object *find_own(const struct context *context, uint64_t inode)
{
	for_each_object(dmabuf, &context->objects, OBJECT_DMABUF)
		if (dmabuf->inode == inode)
			return dmabuf;
	return NULL;
}

static void add_other_mapping(json_object *rows, const struct context *context,
			      const struct inventory_dmabuf *dmabuf,
			      const struct inventory_mapped *mapped)
{
	const struct object *own = find_own(context, dmabuf->inode);
	json_object *row = add_object(rows);

	json_put_text(row, "dmabuf", own ? own->name : NULL);
	json_put_number(row, "inode", dmabuf->inode);
	json_put_text(row, "device", inventory_device_of(dmabuf));
	fill_kernel_mapping(row, dmabuf, mapped);
}

static void fill_other_mappings(json_object *rows, const struct revocation *revocation,
				const struct inventory *inventory)
{
	const struct others others = { .context = revocation->context };

	for (unsigned i = 0; i < inventory->count; i++) {
		const struct inventory_dmabuf *dmabuf = &inventory->items[i];

		if (!revocation_hits_device(revocation, inventory_device_of(dmabuf)))
			continue;
		for (unsigned j = 0; j < dmabuf->mapped_count; j++)
			if (would_go(&others, &dmabuf->mapped[j]))
				add_other_mapping(rows, revocation->context, dmabuf,
						  &dmabuf->mapped[j]);
	}
}

enum status fill_affected(struct call *call, const struct revocation *revocation)
{
	struct inventory inventory;
	enum status status = look(revocation, &inventory);

	if (status)
		return status;
	fill_hit(json_put_array(call->result, "hit"), revocation, &inventory);
	if (inventory_has_records(&inventory))
		fill_other_mappings(json_put_array(call->result, "other_mappings"), revocation,
				    &inventory);
	else
		json_put_text(call->result, "other_mappings", NULL);
	inventory_free(&inventory);
	return STATUS_OK;
}

/* how: "held" or "mapped" */
static enum status used_by_others(const struct revocation *revocation, const char *what,
				  const char *how, const char *others)
{
	fail_with(STATUS_FAILED, EBUSY, "revoke %s", revocation->name.bdf);
	fail_because("%s is %s by others too: %s", what, how, others);
	fail_hint(revocation->trigger->evicts ?
			  "--yes goes ahead, and waits for them; --dry-run lists what is hit" :
			  "--yes revokes it all the same, --dry-run lists what is hit");
	return STATUS_FAILED;
}

static enum status check_holders(const struct revocation *revocation,
				 const struct inventory *inventory)
{
	struct others others = { .context = revocation->context };

	for_each_object(dmabuf, &revocation->context->objects, OBJECT_DMABUF) {
		if (!revocation_hits(revocation, dmabuf))
			continue;
		describe_holders(&others, inventory, dmabuf);
		if (*others.text)
			return used_by_others(revocation, dmabuf->name, "held", others.text);
	}
	return STATUS_OK;
}

/* Of any dma-buf that is hit: a mapping needs neither a process that holds it, nor the context. */
static enum status check_mappers(const struct revocation *revocation,
				 const struct inventory *inventory)
{
	struct others others = { .context = revocation->context };

	for (unsigned i = 0; i < inventory->count; i++) {
		const struct inventory_dmabuf *dmabuf = &inventory->items[i];
		const struct object *own;
		char name[32];

		if (!revocation_hits_device(revocation, inventory_device_of(dmabuf)))
			continue;
		describe_mappers(&others, dmabuf);
		if (!*others.text)
			continue;
		own = find_own(revocation->context, dmabuf->inode);
		snprintf(name, sizeof(name), "dma-buf %llu", (unsigned long long)dmabuf->inode);
		return used_by_others(revocation, own ? own->name : name, "mapped", others.text);
	}
	return STATUS_OK;
}

enum status check_strangers(const struct revocation *revocation)
{
	struct others others = { .context = revocation->context };
	struct inventory inventory;
	enum status status;

	describe_device_users(&others, revocation);
	if (*others.text)
		return used_by_others(revocation, revocation->name.bdf, "held", others.text);
	status = look(revocation, &inventory);
	if (status)
		return status;
	status = check_holders(revocation, &inventory);
	if (!status)
		status = check_mappers(revocation, &inventory);
	inventory_free(&inventory);
	return status;
}
