// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/kernel_rows.h"

#include <stdio.h>

#include "cmd/shared/rows.h"
#include "context/evidence.h"

const char *kernel_exporter_state(const struct inventory_dmabuf *dmabuf)
{
	enum exporter_state state = judge_kernel_export(dmabuf->export);

	return state == EXPORTER_UNKNOWN ? NULL : exporter_state_name(state);
}

const char *why_no_records(enum inventory_obstacle obstacle)
{
	switch (obstacle) {
	case OBSTACLE_BUILD:
		return "dmabufctl was built without BPF";
	case OBSTACLE_NAMESPACE:
		return "this is not the first PID namespace";
	case OBSTACLE_BTF:
		return "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)";
	case OBSTACLE_PERMISSION:
		return "programs in BPF may not be loaded: that takes CAP_BPF and CAP_PERFMON";
	case OBSTACLE_LOCKDOWN:
		return "the kernel is locked down (lockdown=confidentiality)";
	case OBSTACLE_MODULE:
		return "a module of VFIO or iommufd has no BTF (CONFIG_DEBUG_INFO_BTF_MODULES)";
	case OBSTACLE_KERNEL:
		return "this kernel keeps its records in a way that is not known here";
	default:
		return "vfio-pci or iommufd is not loaded";
	}
}

enum status fail_no_records(const char *what, enum inventory_obstacle obstacle)
{
	fail_with(STATUS_UNSUPPORTED, 0, "%s", what);
	fail_because("what iommufd has on record cannot be read: %s", why_no_records(obstacle));
	fail_hint("be root in the first PID namespace, on a kernel with BTF; "
		  "'dmabufctl doctor' says what else is missing");
	return STATUS_UNSUPPORTED;
}

static void put_devices(json_object *row, const struct inventory_context *context, unsigned ioas)
{
	json_object *devices = json_put_array(row, "devices");

	for (unsigned i = 0; i < context->device_count; i++)
		if (context->devices[i].ioas == ioas)
			add_text(devices, context->devices[i].name);
}

static void put_state(json_object *row, const struct inventory_dmabuf *dmabuf,
		      const struct inventory_mapping *mapping)
{
	enum mapping_state state = judge_kernel_mapping(dmabuf ? dmabuf->export : NULL, mapping);

	json_put_bool(row, "revoked", mapping->revoked);
	json_put_text(row, "state", mapping_state_name(state));
	put_evidence(row, "evidence", EVIDENCE_KERNEL);
}

/* dmabuf: NULL when nothing is known but its inode. */
static void put_mapping(json_object *row, const struct inventory_dmabuf *dmabuf,
			const struct inventory_mapping *mapping)
{
	json_put_number(row, "ioas", mapping->ioas);
	json_put_address(row, "iova", mapping->addresses.offset);
	json_put_number(row, "length", mapping->addresses.length);
	json_put_number(row, "offset", mapping->offset);
	json_put_text(row, "prot", object_prot_name(mapping->readable | mapping->writable << 1));
	put_state(row, dmabuf, mapping);
}

void fill_kernel_mapping(json_object *row, const struct inventory_dmabuf *dmabuf,
			 const struct inventory_mapped *mapped)
{
	const struct inventory_user *user = inventory_user_of(mapped);

	json_put_index(row, "pid", user ? user->pid : -1);
	json_put_text(row, "command", user ? user->name : NULL);
	put_mapping(row, dmabuf, mapped->mapping);
	put_devices(row, mapped->context, mapped->mapping->ioas);
}

static void fill_users(json_object *row, const struct inventory_context *context)
{
	json_object *users = json_put_array(row, "users");
	char label[64] = "";

	for (unsigned i = 0; i < context->user_count; i++) {
		json_object *user = add_object(users);

		json_put_number(user, "pid", context->users[i].pid);
		json_put_text(user, "command", context->users[i].name);
	}
	if (context->user_count)
		snprintf(label, sizeof(label), "%s(%d)%s", context->users[0].name,
			 context->users[0].pid, context->user_count > 1 ? ",..." : "");
	json_put_text(row, "process", label);
}

static void fill_devices(json_object *row, const struct inventory_context *context)
{
	json_object *rows = json_put_array(row, "devices");

	for (unsigned i = 0; i < context->device_count; i++) {
		json_object *device = add_object(rows);
		unsigned ioas = context->devices[i].ioas;

		json_put_text(device, "name", context->devices[i].name);
		json_put_number(device, "id", context->devices[i].id);
		json_put_index(device, "ioas", ioas ? (int)ioas : -1);
	}
}

static void fill_ioases(json_object *row, const struct inventory_context *context)
{
	json_object *rows = json_put_array(row, "ioases");

	for (unsigned i = 0; i < context->ioas_count; i++) {
		json_object *ioas = add_object(rows);

		json_put_number(ioas, "ioas", context->ioases[i].id);
		put_devices(ioas, context, context->ioases[i].id);
		json_put_number(ioas, "memory_mappings", context->ioases[i].memory);
		json_put_number(ioas, "memory_bytes", context->ioases[i].bytes);
		json_put_bool(ioas, "complete", !context->ioases[i].torn);
	}
}

static void fill_dmabuf_on_record(json_object *row, const struct inventory *inventory,
				  const struct origins *origins, unsigned index)
{
	const struct inventory_dmabuf *dmabuf = &inventory->items[index];
	const struct origin *origin = origins->items[index];

	json_put_number(row, "inode", dmabuf->inode);
	json_put_text(row, "name", dmabuf->name);
	json_put_number(row, "size", dmabuf->size);
	json_put_text(row, "device", origin ? origin->device : NULL);
	json_put_index(row, "bar", origin ? origin->bar : -1);
	object_put_ranges(row, "ranges", origin ? origin->ranges : NULL,
			  origin ? origin->range_count : 0);
	json_put_text(row, "state", kernel_exporter_state(dmabuf));
	json_put_bool(row, "permanent", dmabuf->export && dmabuf->export->closed);
}

static bool concerns(const struct inventory_dmabuf *dmabuf, const struct inventory_context *context)
{
	for (unsigned i = 0; i < dmabuf->mapped_count; i++)
		if (dmabuf->mapped[i].context == context)
			return true;
	for (unsigned i = 0; i < context->user_count; i++)
		if (inventory_is_holder(dmabuf, context->users[i].pid))
			return true;
	return false;
}

static void fill_mappings(json_object *row, const struct inventory *inventory,
			  const struct inventory_context *context)
{
	json_object *rows = json_put_array(row, "mappings");

	for (unsigned i = 0; i < context->mapping_count; i++) {
		const struct inventory_mapping *mapping = &context->mappings[i];
		json_object *added = add_object(rows);

		json_put_number(added, "inode", mapping->inode);
		put_mapping(added, inventory_get(inventory, mapping->inode), mapping);
		json_put_number(added, "mapped_by", mapping->pid);
	}
}

void fill_kernel_context(json_object *row, const struct inventory *inventory,
			 const struct origins *origins, const struct inventory_context *context)
{
	json_object *rows;

	fill_users(row, context);
	fill_devices(row, context);
	rows = json_put_array(row, "dmabufs");
	for (unsigned i = 0; i < inventory->count; i++)
		if (concerns(&inventory->items[i], context))
			fill_dmabuf_on_record(add_object(rows), inventory, origins, i);
	fill_ioases(row, context);
	fill_mappings(row, inventory, context);
}
