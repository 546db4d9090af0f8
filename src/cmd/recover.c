// SPDX-License-Identifier: GPL-2.0-only
/* recover: brings back mappings that were revoked or are stale. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/rows.h"
#include "context/operation.h"
#include "util/scope.h"

static enum status cannot_recover(struct call *call, const char *name, const char *dmabuf_name,
				  int error)
{
	struct rule_subject subject = rule_subject_of(call);

	subject.dmabuf = object_find(&call->context->objects, OBJECT_DMABUF, dmabuf_name);
	return refuse(import_rules, &subject, error, "recover %s", name);
}

/* A mapping that is to come back, and what it is called when it cannot. */
struct recovery {
	struct object *mapping;
	enum mapping_state before;
	char name[NAME_SIZE], dmabuf[NAME_SIZE];
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_named(const struct call *call, const char *name)
{
	return bsearch(&name, call->arguments, call->count, sizeof(name), by_text);
}

/* Each is a dma-buf or a mapping. */
static enum status check_names(struct call *call)
{
	enum status status = STATUS_OK;

	for (int i = 0; i < call->count && !status; i++) {
		struct object *object =
			object_find(&call->context->objects, OBJECT_DMABUF, call->arguments[i]);

		if (!object)
			status = lookup_object(call, OBJECT_MAPPING, call->arguments[i], &object);
	}
	return status;
}

/* In the order in which they were made, each once however it is named. */
static unsigned list_recoveries(struct call *call, struct recovery *recoveries)
{
	unsigned count = 0;
	struct snapshot snapshot;

	qsort(call->arguments, call->count, sizeof(*call->arguments), by_text);
	snapshot_begin(&snapshot, call->context);
	for_each_object(mapping, &call->context->objects, OBJECT_MAPPING) {
		if (!is_named(call, mapping->name) && !is_named(call, mapping->dmabuf))
			continue;
		recoveries[count].mapping = mapping;
		recoveries[count].before = snapshot_mapping(&snapshot, mapping).state;
		strcpy(recoveries[count].name, mapping->name);
		strcpy(recoveries[count++].dmabuf, mapping->dmabuf);
	}
	snapshot_end(&snapshot);
	return count;
}

/* A mapping that is live is left as it is. *done: so many are live now. */
static enum status recover(struct call *call, const struct recovery *recoveries, unsigned count,
			   unsigned *done)
{
	auto_free struct object **mappings = calloc(count + 1, sizeof(*mappings));
	unsigned wanted = 0, back;
	int rc;

	*done = 0;
	if (!mappings)
		return fail_errno(ENOMEM, "recover");
	for (unsigned i = 0; i < count; i++)
		if (recoveries[i].before != MAPPING_LIVE)
			mappings[wanted++] = recoveries[i].mapping;
	rc = context_recover(call->context, mappings, wanted, &back);
	for (; *done < count; ++*done)
		if (recoveries[*done].before != MAPPING_LIVE && !back--)
			break;
	return rc ? cannot_recover(call, recoveries[*done].name, recoveries[*done].dmabuf, rc) :
		    STATUS_OK;
}

static void fill_recoveries(struct call *call, const struct recovery *recoveries, unsigned count)
{
	json_object *rows = json_put_array(call->result, "mappings");
	struct snapshot snapshot;

	snapshot_begin(&snapshot, call->context);
	for (unsigned i = 0; i < count; i++) {
		json_object *row = add_object(rows);

		fill_mapping(row, recoveries[i].mapping, &snapshot);
		json_put_text(row, "state_before", mapping_state_name(recoveries[i].before));
	}
	snapshot_end(&snapshot);
}

static enum status run(struct call *call)
{
	auto_free struct recovery *recoveries = NULL;
	enum status status = check_names(call);
	unsigned count, done;

	if (status)
		return status;
	recoveries = calloc(object_count(&call->context->objects, OBJECT_MAPPING) + 1,
			    sizeof(*recoveries));
	if (!recoveries)
		return fail_errno(ENOMEM, "recover");
	count = list_recoveries(call, recoveries);
	status = recover(call, recoveries, count, &done);
	if (done)
		fill_recoveries(call, recoveries, done);
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
	{ .key = "mappings", .columns = columns },
	{ 0 },
};

const struct command cmd_recover = {
	.name = "recover",
	.arguments = "MAPPING|DMABUF...",
	.summary = "bring stale mappings back at the same IOVA",
	.description = "Unmaps and imports again: each mapping, and every mapping of a dma-buf.\n"
		       "While the exporter is revoked nothing is touched, and the status is 5.",
	.least = 1,
	.most = -1,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
