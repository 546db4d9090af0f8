// SPDX-License-Identifier: GPL-2.0-only
/* release: gives up objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/rows.h"
#include "context/operation.h"
#include "util/scope.h"
#include "util/text.h"

struct release_options {
	bool all;
};

static enum status cannot_release(struct call *call, const char *name, int error)
{
	struct rule_subject subject = rule_subject_of(call);

	subject.released = object_find(&call->context->objects, OBJECT_KINDS, name);
	return refuse(release_rules, &subject, error, "release %s", name);
}

/* All are looked up before the first is touched: a name that is none changes nothing. */
static enum status release_named(struct call *call)
{
	json_object *released = json_put_array(call->result, "released");
	auto_free struct object **objects = malloc(call->count * sizeof(struct object *));
	enum status status = lookup_objects(call, OBJECT_KINDS, objects);
	unsigned done;

	for (int i = 0; i < call->count && !status; i += done) {
		const struct object *object = objects[i];
		char name[NAME_SIZE], ioas[NAME_SIZE];
		int rc;

		strcpy(name, object->name);
		copy_text(ioas, sizeof(ioas), object->kind == OBJECT_DEVICE ? object->ioas : "");
		rc = context_release_some(call->context, objects + i, call->count - i, &done);
		if (rc) {
			status = cannot_release(call, name, rc);
			break;
		}
		for (unsigned j = 0; j < done; j++)
			add_text(released, call->arguments[i + j]);
		fill_idle(call, ioas);
	}
	return status;
}

/* In the order in which they go: users before what they use. */
static enum status release_all(struct call *call)
{
	const struct object_list *objects = &call->context->objects;
	json_object *released = json_put_array(call->result, "released");
	auto_free char(*names)[NAME_SIZE] =
		calloc(object_count(objects, OBJECT_KINDS) + 1, sizeof(*names));
	unsigned count = 0;
	int rc;

	if (!names)
		return fail_errno(ENOMEM, "release --all");
	for (const enum object_kind *kind = release_order; *kind != OBJECT_KINDS; kind++)
		for_each_object(object, objects, *kind)
			strcpy(names[count++], object->name);
	rc = context_release_all(call->context);
	for (unsigned i = 0; i < count; i++)
		if (!rc || !object_find(objects, OBJECT_KINDS, names[i]))
			add_text(released, names[i]);
	return rc ? fail_errno(rc, "release --all") : STATUS_OK;
}

static enum status run(struct call *call)
{
	const struct release_options *options = call->options;

	if (options->all != !call->count) {
		fail_with(STATUS_USAGE, 0, "release");
		fail_because(call->count ? "--all takes no objects" : "nothing to release");
		fail_hint("name objects, or give --all");
		return STATUS_USAGE;
	}
	return options->all ? release_all(call) : release_named(call);
}

static const struct option_entry options[] = {
	OPT_FLAG(struct release_options, all, "all", 0, "everything in the context"),
	{ 0 },
};

const struct command cmd_release = {
	.name = "release",
	.arguments = "OBJECT...",
	.summary = "give up dma-bufs, mappings, IOASes and devices",
	.description =
		"What another object still needs is not released; mappings that no device reaches\n"
		"any more are named. When nothing is left the context ends, and its holder with it.",
	.options = options,
	.options_size = sizeof(struct release_options),
	.least = 0,
	.most = -1,
	.context = CONTEXT_EXISTING,
	.quiet_in_batch = true,
	.sections = idle_sections,
	.run = run,
};
