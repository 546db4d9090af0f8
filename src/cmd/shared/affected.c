// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/affected.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static enum status cannot_look(const struct revocation *revocation, int error)
{
	fail_errno(error, "revoke %s --by %s: look for other users", revocation->name.bdf,
		   revocation->trigger->name);
	return fail_status(STATUS_FAILED);
}

enum status fill_affected(struct call *call, const struct revocation *revocation)
{
	const struct object_list *objects = &call->context->objects;
	json_object *rows = json_put_array(call->result, "hit");
	struct others others = { .context = call->context };
	struct inventory inventory;
	int rc = inventory_take(&inventory);

	if (rc)
		return cannot_look(revocation, rc);
	describe_device_users(&others, revocation);
	for (unsigned i = 0; i < revocation->hit_count; i++) {
		const char *bdf = revocation->hit[i].name.bdf;

		add_hit(rows, "device", bdf,
			strcmp(bdf, revocation->name.bdf) ? NULL : others.text);
	}
	for_each_object(dmabuf, objects, OBJECT_DMABUF) {
		if (!revocation_hits(revocation, dmabuf))
			continue;
		describe_holders(&others, &inventory, dmabuf);
		add_hit(rows, "dma-buf", dmabuf->name, others.text);
	}
	inventory_free(&inventory);
	for_each_object(mapping, objects, OBJECT_MAPPING)
		if (is_hit(revocation, mapping))
			add_hit(rows, "mapping", mapping->name, NULL);
	return STATUS_OK;
}

static enum status held_by_others(const struct revocation *revocation, const char *what,
				  const char *others)
{
	fail_with(STATUS_FAILED, EBUSY, "revoke %s", revocation->name.bdf);
	fail_because("%s is held by others too: %s", what, others);
	fail_hint(revocation->trigger->evicts ?
			  "--yes goes ahead, and waits for them; --dry-run lists what is hit" :
			  "--yes revokes it all the same, --dry-run lists what is hit");
	return STATUS_FAILED;
}

enum status check_strangers(struct call *call, const struct revocation *revocation)
{
	struct others others = { .context = call->context };
	enum status status = STATUS_OK;
	struct inventory inventory;
	int rc;

	describe_device_users(&others, revocation);
	if (*others.text)
		return held_by_others(revocation, revocation->name.bdf, others.text);
	rc = inventory_take(&inventory);
	if (rc)
		return cannot_look(revocation, rc);
	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF) {
		if (status || !revocation_hits(revocation, dmabuf))
			continue;
		describe_holders(&others, &inventory, dmabuf);
		if (*others.text)
			status = held_by_others(revocation, dmabuf->name, others.text);
	}
	inventory_free(&inventory);
	return status;
}
