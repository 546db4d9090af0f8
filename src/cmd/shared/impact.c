// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/impact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/process.h"

/* Those other than this process and the context's holder, as "qemu (PID 12)". */
static void describe_others(const struct context *context, const struct process *processes,
			    unsigned count, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned i = 0; i < count && used < size; i++) {
		if (processes[i].pid == getpid() || processes[i].pid == context->client.holder)
			continue;
		used += snprintf(text + used, size - used, "%s%s (PID %d)", used ? ", " : "",
				 processes[i].name, processes[i].pid);
	}
}

static void describe_dmabuf_holders(struct context *context, struct object *dmabuf, char *text,
				    size_t size)
{
	auto_free struct process *holders = NULL;
	unsigned count = 0;

	process_list_holders(context_fd(context, dmabuf), &holders, &count);
	describe_others(context, holders, count, text, size);
}

/* Only a trigger that waits for users has to care who they are. */
static void describe_device_users(const struct revocation *revocation, char *text, size_t size)
{
	auto_free struct process *users = NULL;
	struct pci_device pci;
	unsigned count = 0;

	*text = '\0';
	if (!revocation->trigger->evicts || pci_get(&revocation->name, &pci))
		return;
	process_list_users(pci.cdev_number, &users, &count);
	describe_others(revocation->context, users, count, text, size);
}

static void add_hit(json_object *rows, const char *kind, const char *name, const char *holders)
{
	json_object *row = add_object(rows);

	put_text(row, "kind", kind);
	put_text(row, "name", name);
	put_text(row, "holders", holders);
}

void fill_impact(struct call *call, const struct revocation *revocation)
{
	const struct object_list *objects = &call->context->objects;
	json_object *rows = put_array(call->result, "hit");
	char others[256];

	describe_device_users(revocation, others, sizeof(others));
	for (unsigned i = 0; i < revocation->hit_count; i++) {
		const char *bdf = revocation->hit[i].name.bdf;

		add_hit(rows, "device", bdf, strcmp(bdf, revocation->name.bdf) ? NULL : others);
	}
	for_each_object(dmabuf, objects, OBJECT_DMABUF) {
		if (!revocation_hits(revocation, dmabuf))
			continue;
		describe_dmabuf_holders(call->context, dmabuf, others, sizeof(others));
		add_hit(rows, "dma-buf", dmabuf->name, others);
	}
	for_each_object(mapping, objects, OBJECT_MAPPING)
		if (revocation_hits(revocation,
				    object_find(objects, OBJECT_DMABUF, mapping->mapping.dmabuf)))
			add_hit(rows, "mapping", mapping->name, NULL);
}

static enum status held_by_others(const struct revocation *revocation, const char *what,
				  const char *others)
{
	fail(STATUS_FAILED, EBUSY, "revoke %s", revocation->name.bdf);
	fail_because("%s is held by others too: %s", what, others);
	fail_try(revocation->trigger->evicts ?
			 "--yes goes ahead, and waits for them; --dry-run lists what is hit" :
			 "--yes revokes it all the same, --dry-run lists what is hit");
	return STATUS_FAILED;
}

enum status check_strangers(struct call *call, const struct revocation *revocation)
{
	char others[256];

	describe_device_users(revocation, others, sizeof(others));
	if (*others)
		return held_by_others(revocation, revocation->name.bdf, others);
	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF) {
		if (!revocation_hits(revocation, dmabuf))
			continue;
		describe_dmabuf_holders(call->context, dmabuf, others, sizeof(others));
		if (*others)
			return held_by_others(revocation, dmabuf->name, others);
	}
	return STATUS_OK;
}
