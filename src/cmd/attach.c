// SPDX-License-Identifier: GPL-2.0-only
/* attach: attaches a device to an I/O address space. */
#include <string.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/rows.h"
#include "context/operation.h"

static enum status cannot_attach(struct call *call, const struct object *device,
				 const struct object *ioas, int error)
{
	struct rule_subject subject = rule_subject_of(call);
	struct pci_device pci;

	subject.ioas = ioas;
	subject.pci = pci_find(device->name, &pci) ? NULL : &pci;
	return refuse(attach_rules, &subject, error, "attach %s to %s", device->name, ioas->name);
}

/* The IOAS of the name, or the one it is attached to, or the only one, or a new one. */
static enum status choose_ioas(struct call *call, const struct object *device, struct object **ioas)
{
	if (call->count > 1)
		return lookup_ioas(call, call->arguments[1], ioas);
	*ioas = object_find(&call->context->objects, OBJECT_IOAS, device->ioas);
	return *ioas ? STATUS_OK : lookup_ioas(call, NULL, ioas);
}

static enum status run(struct call *call)
{
	struct object *device, *ioas;
	enum status status = lookup_open_device(call, call->arguments[0], &device);
	int rc;

	if (!status)
		status = choose_ioas(call, device, &ioas);
	if (status)
		return status;
	rc = context_attach(call->context, device, ioas);
	if (rc)
		return cannot_attach(call, device, ioas, rc);
	fill_object(json_put_object(call->result, "device"), device);
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
