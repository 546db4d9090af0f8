// SPDX-License-Identifier: GPL-2.0-only
/* unmap: takes mappings away. */
#include <errno.h>
#include <stdlib.h>

#include "cmd/shared/lookup.h"
#include "context/operation.h"
#include "util/scope.h"

struct unmap_options {
	bool all;
};

/* What could not be unmapped is there still. */
static enum status cannot_unmap(struct call *call, int error)
{
	const struct object_list *objects = &call->context->objects;
	const struct object *left = call->count ? NULL : object_next(objects, OBJECT_MAPPING, NULL);

	for (int i = 0; i < call->count && !left; i++)
		left = object_find(objects, OBJECT_MAPPING, call->arguments[i]);
	return fail_errno(error, "unmap %s",
			  left	      ? left->name :
			  call->count ? call->arguments[0] :
					"--all");
}

static enum status unmap(struct call *call, struct object *const *mappings, unsigned count)
{
	int rc = context_unmap_all(call->context, mappings, count);

	return rc ? cannot_unmap(call, rc) : STATUS_OK;
}

static enum status unmap_all(struct call *call)
{
	unsigned count;
	auto_free struct object **mappings =
		object_collect(&call->context->objects, OBJECT_MAPPING, &count);

	return mappings ? unmap(call, mappings, count) : fail_errno(ENOMEM, "unmap");
}

static enum status unmap_named(struct call *call)
{
	auto_free struct object **mappings = malloc(call->count * sizeof(struct object *));
	enum status status = lookup_objects(call, OBJECT_MAPPING, mappings);

	return status ? status : unmap(call, mappings, call->count);
}

static enum status run(struct call *call)
{
	const struct unmap_options *options = call->options;

	if (options->all == !call->count)
		return options->all ? unmap_all(call) : unmap_named(call);
	fail_with(STATUS_USAGE, 0, "unmap");
	fail_because(call->count ? "--all takes no mappings" : "MAPPING is missing");
	fail_hint("name mappings, or give --all");
	return STATUS_USAGE;
}

static const struct option_entry options[] = {
	OPT_FLAG(struct unmap_options, all, "all", 0, "every mapping of the context"),
	{ 0 },
};

const struct command cmd_unmap = {
	.name = "unmap",
	.arguments = "MAPPING...",
	.summary = "take mappings out of their I/O address space",
	.options = options,
	.options_size = sizeof(struct unmap_options),
	.least = 0,
	.most = -1,
	.context = CONTEXT_EXISTING,
	.run = run,
};
