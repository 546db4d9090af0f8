// SPDX-License-Identifier: GPL-2.0-only
/* attach: attaches a device to an I/O address space. */
#include <errno.h>
#include <string.h>

#include "cmd/shared/common.h"
#include "ui/value.h"

/* The mapping that the device cannot have, by the windows that its IOMMU reserves. */
static void explain_mappings(struct call *call, const struct object *device,
			     const struct object *ioas)
{
	fail_because("a mapping of %s lies beyond what this device's IOMMU reaches", ioas->name);
	fail_try("unmap it, or attach to another IOAS");
	for_each_object(mapping, &call->context->objects, OBJECT_MAPPING) {
		const struct range *iova = &mapping->mapping.addresses;
		char what[NAME_SIZE + VALUE_RANGE + 8], window[VALUE_RANGE];

		if (!object_is_in_ioas(mapping, ioas->name))
			continue;
		value_format_range(iova, window);
		snprintf(what, sizeof(what), "%s at %s", mapping->name, window);
		if (!explain_reserved(device, *iova, what))
			continue;
		fail_try("'%s unmap %s', or attach to another IOAS", self(call), mapping->name);
		return;
	}
}

static enum status cannot_attach(struct call *call, const struct object *device,
				 const struct object *ioas, int error)
{
	enum status status = fail_errno(error, "attach %s to %s", device->name, ioas->name);

	if (error == -EADDRINUSE || error == -EINVAL || error == -EADDRNOTAVAIL)
		explain_mappings(call, device, ioas);
	return status;
}

/* The IOAS of the name, or the one it is attached to, or the only one, or a new one. */
static enum status choose_ioas(struct call *call, const struct object *device, struct object **ioas)
{
	if (call->count > 1)
		return want_ioas(call, call->arguments[1], ioas);
	*ioas = object_find(&call->context->objects, OBJECT_IOAS, device->device.ioas);
	return *ioas ? STATUS_OK : want_ioas(call, NULL, ioas);
}

static enum status run(struct call *call)
{
	struct object *device, *ioas;
	enum status status = want_open_device(call, call->arguments[0], &device);
	int rc;

	if (!status)
		status = choose_ioas(call, device, &ioas);
	if (status)
		return status;
	rc = context_attach(call->context, device, ioas);
	if (rc)
		return cannot_attach(call, device, ioas, rc);
	fill_object(put_object(call->result, "device"), device);
	return STATUS_OK;
}

static const struct column columns[] = {
	{ "DEVICE", "name", COLUMN_TEXT, "BDF" },
	{ "IOAS", "ioas", COLUMN_TEXT, "what it is attached to" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "device", .columns = columns },
	{ 0 },
};

const struct command cmd_attach = {
	.name = "attach",
	.arguments = "BDF [IOAS]",
	.summary = "attach a device to an I/O address space, made when there is none",
	.description =
		"Opens the device if the context does not have it yet. From then on its DMA\n"
		"reaches what is mapped in the IOAS. A device attached elsewhere moves.",
	.least = 1,
	.most = 2,
	.context = CONTEXT_STARTED,
	.quiet_in_batch = true,
	.sections = sections,
	.run = run,
};
