// SPDX-License-Identifier: GPL-2.0-only
/* detach: detaches a device from its I/O address space. */

#include "cmd/shared/lookup.h"
#include "cmd/shared/rows.h"
#include "context/operation.h"
#include "util/text.h"

static enum status run(struct call *call)
{
	struct object *device;
	enum status status = lookup_object(call, OBJECT_DEVICE, call->arguments[0], &device);
	char ioas[NAME_SIZE];
	int rc;

	if (status)
		return status;
	copy_text(ioas, sizeof(ioas), device->ioas);
	if (!*device->ioas) {
		fail_with(STATUS_FAILED, 0, "detach %s", device->name);
		fail_because("it is not attached");
		return STATUS_FAILED;
	}
	rc = context_detach(call->context, device);
	if (rc)
		return fail_errno(rc, "detach %s", device->name);
	fill_idle(call, ioas);
	return STATUS_OK;
}

const struct command cmd_detach = {
	.name = "detach",
	.arguments = "BDF",
	.summary = "detach a device from its I/O address space",
	.description = "Its DMA reaches nothing then. Mappings stay in the IOAS; those that\n"
		       "no device reaches any more are named.",
	.least = 1,
	.most = 1,
	.context = CONTEXT_EXISTING,
	.quiet_in_batch = true,
	.sections = idle_sections,
	.run = run,
};
