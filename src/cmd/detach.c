// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "cmd/shared/common.h"

static enum status run(struct call *call)
{
	struct object *device;
	enum status status = want_object(call, OBJECT_DEVICE, call->arguments[0], &device);
	int rc;

	if (status)
		return status;
	if (!*device->device.ioas) {
		fail(STATUS_FAILED, 0, "detach %s", device->name);
		fail_because("it is not attached");
		return STATUS_FAILED;
	}
	rc = context_detach(call->context, device);
	return rc ? fail_errno(rc, "detach %s", device->name) : STATUS_OK;
}

const struct command cmd_detach = {
	.name = "detach",
	.arguments = "BDF",
	.summary = "detach a device from its I/O address space",
	.description = "Its DMA reaches nothing then. Mappings stay in the IOAS.",
	.least = 1,
	.most = 1,
	.words = { WORD_DEVICE },
	.context = CONTEXT_EXISTING,
	.run = run,
};
