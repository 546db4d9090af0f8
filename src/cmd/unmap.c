// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "cmd/shared/common.h"

static enum status run(struct call *call)
{
	auto_free struct object **mappings = calloc(call->count, sizeof(struct object *));
	enum status status = want_objects(call, OBJECT_MAPPING, mappings);

	for (int i = 0; i < call->count && !status; i++) {
		int rc = context_unmap(call->context, mappings[i]);

		if (rc)
			status = fail_errno(rc, "unmap %s", call->arguments[i]);
	}
	return status;
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
