// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/common.h"

struct unmap_options {
	bool all;
};

static enum status unmap(struct call *call, struct object *mapping)
{
	char name[NAME_SIZE];
	int rc;

	strcpy(name, mapping->name);
	rc = context_unmap(call->context, mapping);
	return rc ? fail_errno(rc, "unmap %s", name) : STATUS_OK;
}

static enum status unmap_all(struct call *call)
{
	enum status status = STATUS_OK;

	for_each_object_once(mapping, &call->context->objects, OBJECT_MAPPING)
		if (!status)
			status = unmap(call, mapping);
	return status;
}

static enum status unmap_named(struct call *call)
{
	auto_free struct object **mappings = calloc(call->count, sizeof(struct object *));
	enum status status = want_objects(call, OBJECT_MAPPING, mappings);

	for (int i = 0; i < call->count && !status; i++)
		status = unmap(call, mappings[i]);
	return status;
}

static enum status run(struct call *call)
{
	const struct unmap_options *options = call->options;

	if (options->all == !call->count)
		return options->all ? unmap_all(call) : unmap_named(call);
	fail(STATUS_USAGE, 0, "unmap");
	fail_because(call->count ? "--all takes no mappings" : "MAPPING is missing");
	fail_try("name mappings, or give --all");
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
