// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/common.h"

static enum status run(struct call *call)
{
	for (int i = 0; i < call->count; i++) {
		struct object *mapping;
		enum status status =
			want_object(call, OBJECT_MAPPING, call->arguments[i], &mapping);
		int rc;

		if (status)
			return status;
		rc = context_unmap(call->context, mapping);
		if (rc)
			return fail_errno(rc, "unmap %s", call->arguments[i]);
	}
	return STATUS_OK;
}

const struct command cmd_unmap = {
	.name = "unmap",
	.arguments = "MAPPING...",
	.summary = "take mappings out of their I/O address space",
	.least = 1,
	.most = -1,
	.words = { WORD_MAPPING },
	.context = CONTEXT_EXISTING,
	.run = run,
};
