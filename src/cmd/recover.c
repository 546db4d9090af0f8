// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "cmd/shared/common.h"

static enum status cannot_recover(struct call *call, const char *name, const char *dmabuf_name,
				  int error)
{
	const struct object *dmabuf =
		object_find(&call->context->objects, OBJECT_DMABUF, dmabuf_name);

	if (error != -ENODEV)
		return fail_errno(error, "recover %s", name);
	fail(STATUS_REVOKED, error, "recover %s", name);
	explain_revoked(call, dmabuf, "recover again");
	return STATUS_REVOKED;
}

/* Adds a row to the result; a mapping that is live is left as it is. */
static enum status recover(struct call *call, struct object *mapping, json_object *rows)
{
	char name[NAME_SIZE], dmabuf[NAME_SIZE];
	enum mapping_state before = mapping_state_now(call->context, mapping);
	struct survey survey;
	json_object *row;
	int rc = 0;

	strcpy(name, mapping->name);
	strcpy(dmabuf, mapping->mapping.dmabuf);
	if (before != MAPPING_LIVE)
		rc = context_recover(call->context, &mapping);
	if (rc)
		return cannot_recover(call, name, dmabuf, rc);
	row = add_object(rows);
	survey_begin(&survey, call->context);
	fill_mapping(row, mapping, &survey);
	survey_end(&survey);
	put_text(row, "state_before", mapping_state_name(before));
	return STATUS_OK;
}

static enum status recover_dmabuf(struct call *call, const struct object *dmabuf, json_object *rows)
{
	enum status status = STATUS_OK;

	for_each_object_once(mapping, &call->context->objects, OBJECT_MAPPING)
		if (!status && !strcmp(mapping->mapping.dmabuf, dmabuf->name))
			status = recover(call, mapping, rows);
	return status;
}

static enum status run(struct call *call)
{
	json_object *rows = json_object_new_array();
	struct object *object;
	enum status status;

	object = object_find(&call->context->objects, OBJECT_DMABUF, call->arguments[0]);
	if (object) {
		status = recover_dmabuf(call, object, rows);
	} else {
		status = want_object(call, OBJECT_MAPPING, call->arguments[0], &object);
		if (!status)
			status = recover(call, object, rows);
	}
	if (json_object_array_length(rows))
		json_object_object_add(call->result, "mappings", rows);
	else
		json_object_put(rows);
	return status;
}

static const struct column columns[] = {
	{ "MAPPING", "name", COLUMN_TEXT, "name" },
	{ "DMABUF", "dmabuf", COLUMN_TEXT, "what is mapped" },
	{ "IOAS", "ioas", COLUMN_TEXT, "where it is mapped" },
	{ "IOVA", "iova", COLUMN_TEXT, "at which address, the same as before" },
	{ "BEFORE", "state_before", COLUMN_TEXT, "the state that was found" },
	{ "STATE", "state", COLUMN_TEXT, "the state now" },
	{ "EVIDENCE", "evidence", COLUMN_LIST, "what the state rests on" },
	{ 0 },
};

static const struct section sections[] = {
	{ "mappings", NULL, NULL, columns },
	{ 0 },
};

const struct command cmd_recover = {
	.name = "recover",
	.arguments = "MAPPING|DMABUF",
	.summary = "bring stale mappings back at the same IOVA",
	.description = "Unmaps and imports again: the mapping, or every mapping of the dma-buf.\n"
		       "While the exporter is revoked nothing is touched, and the status is 5.",
	.least = 1,
	.most = 1,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
