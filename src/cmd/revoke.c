// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common.h"
#include "kernel/vfio.h"

struct revoke_options {
	const char *by;
	bool hold;
};

struct revocation;

struct trigger {
	const char *name;
	const char *help;
	/* Pulls the trigger, with an event for each step; a failure is noted. */
	enum status (*pull)(struct revocation *revocation);
};

/* A mapping of the device's dma-bufs, before and after. */
struct witness {
	const struct object *mapping;
	enum mapping_state before;
	bool unmapped;
	uint64_t unmapped_at;
};

struct revocation {
	struct call *call;
	const struct trigger *trigger;
	struct object *device;
	bool hold;
	uint64_t start, end;
	struct witness *witnesses;
	unsigned count;
	json_object *timeline;
	bool observed;
};

static json_object *add_event(struct revocation *revocation, uint64_t time, const char *event,
			      const char *object, const char *detail)
{
	json_object *row = add_object(revocation->timeline);

	put_number(row, "t_ns", time > revocation->start ? time - revocation->start : 0);
	put_text(row, "event", event);
	put_text(row, "object", object);
	put_text(row, "detail", detail);
	return row;
}

static enum status pull_reset(struct revocation *revocation)
{
	const char *bdf = revocation->device->name;
	int fd = context_fd(revocation->call->context, revocation->device);
	int rc;

	revocation->start = trace_now();
	rc = fd < 0 ? fd : vfio_reset(fd);
	revocation->end = trace_now();
	if (rc == -EINVAL) {
		fail(STATUS_UNSUPPORTED, rc, "revoke %s --by reset", bdf);
		fail_because("the device has no reset that VFIO can use");
		fail_try("try --by memory; 'dmabufctl device %s' shows its reset methods", bdf);
		return STATUS_UNSUPPORTED;
	}
	return rc ? fail_errno(rc, "revoke %s --by reset", bdf) : STATUS_OK;
}

static enum status pull_memory(struct revocation *revocation)
{
	const char *bdf = revocation->device->name;
	int fd = context_fd(revocation->call->context, revocation->device);
	int rc;

	revocation->start = trace_now();
	rc = fd < 0 ? fd : vfio_set_memory_decode(fd, false);
	if (!rc && !revocation->hold)
		rc = vfio_set_memory_decode(fd, true);
	revocation->end = trace_now();
	return rc ? fail_errno(rc, "revoke %s --by memory", bdf) : STATUS_OK;
}

static enum status pull_close(struct revocation *revocation)
{
	char bdf[NAME_SIZE];
	int rc;

	strcpy(bdf, revocation->device->name);
	revocation->start = trace_now();
	rc = context_remove(revocation->call->context, revocation->device);
	revocation->end = trace_now();
	revocation->device = NULL;
	return rc ? fail_errno(rc, "revoke %s --by close", bdf) : STATUS_OK;
}

static const struct trigger triggers[] = {
	{ "reset", "VFIO_DEVICE_RESET", pull_reset },
	{ "memory", "memory decode off, and on again", pull_memory },
	{ "close", "the device's last close", pull_close },
};

static enum status want_trigger(const char *name, const struct trigger **trigger)
{
	for (unsigned i = 0; name && i < sizeof(triggers) / sizeof(*triggers); i++)
		if (!strcmp(triggers[i].name, name)) {
			*trigger = &triggers[i];
			return STATUS_OK;
		}
	fail(STATUS_USAGE, 0, "option --by%s%s%s", name ? ": '" : "", name ? name : "",
	     name ? "'" : "");
	fail_because(name ? "not a trigger" : "it is missing");
	fail_try("give reset, memory or close");
	return STATUS_USAGE;
}

static bool is_exported_by(const struct object *dmabuf, const char *bdf)
{
	return !strcmp(dmabuf->dmabuf.device.bdf, bdf);
}

static int call_witnesses(struct revocation *revocation)
{
	const struct object_list *objects = &revocation->call->context->objects;
	struct survey survey;

	revocation->witnesses =
		calloc(object_count(objects, OBJECT_MAPPING) + 1, sizeof(struct witness));
	if (!revocation->witnesses)
		return -ENOMEM;
	survey_begin(&survey, revocation->call->context);
	for_each_object(mapping, objects, OBJECT_MAPPING) {
		const struct object *dmabuf =
			object_find(objects, OBJECT_DMABUF, mapping->mapping.dmabuf);

		if (dmabuf && is_exported_by(dmabuf, revocation->device->name))
			revocation->witnesses[revocation->count++] = (struct witness){
				.mapping = mapping,
				.before = survey_mapping(&survey, mapping).state,
			};
	}
	survey_end(&survey);
	return 0;
}

/* Finds each witness's unmap in the trace, from the trigger on. */
static void read_unmaps(struct revocation *revocation, const struct survey *survey)
{
	uint64_t since = revocation->start / 1000 * 1000;

	for (unsigned i = 0; i < revocation->count; i++) {
		struct witness *witness = &revocation->witnesses[i];
		const struct range *iova = &witness->mapping->mapping.iova;

		for (unsigned j = 0; j < survey->log.count && !witness->unmapped; j++) {
			const struct trace_event *event = &survey->log.events[j];

			if (!event->unmap || event->time < since ||
			    event->iova.offset != iova->offset ||
			    event->iova.length != iova->length)
				continue;
			witness->unmapped = true;
			witness->unmapped_at = event->time;
		}
	}
}

static int by_time(const void *a, const void *b)
{
	const struct witness *left = a, *right = b;

	return left->unmapped_at < right->unmapped_at ? -1 : left->unmapped_at > right->unmapped_at;
}

static void report_unmaps(struct revocation *revocation)
{
	qsort(revocation->witnesses, revocation->count, sizeof(struct witness), by_time);
	for (unsigned i = 0; i < revocation->count; i++) {
		const struct witness *witness = &revocation->witnesses[i];
		char detail[64];

		if (!witness->unmapped)
			continue;
		snprintf(detail, sizeof(detail), "iova 0x%llx+0x%llx",
			 (unsigned long long)witness->mapping->mapping.iova.offset,
			 (unsigned long long)witness->mapping->mapping.iova.length);
		add_event(revocation, witness->unmapped_at, "unmapped", witness->mapping->name,
			  detail);
	}
}

static void report_dmabufs(struct revocation *revocation, struct survey *survey, const char *bdf)
{
	json_object *rows = put_array(revocation->call->result, "dmabufs");

	for_each_object(dmabuf, &revocation->call->context->objects, OBJECT_DMABUF)
		if (is_exported_by(dmabuf, bdf))
			fill_dmabuf(revocation->call, add_object(rows), dmabuf, survey);
}

/* A mapping that the device could reach must be seen to have gone. */
static bool is_seen_gone(const struct witness *witness, const struct mapping_report *after)
{
	const unsigned sight = EVIDENCE_PAGE_TABLE | EVIDENCE_TRACE;

	return witness->unmapped ||
	       ((after->state == MAPPING_STALE || after->state == MAPPING_REVOKED) &&
		after->evidence & sight);
}

static void report_mappings(struct revocation *revocation, struct survey *survey)
{
	json_object *rows = put_array(revocation->call->result, "mappings");
	const char *tool = self(revocation->call);

	revocation->observed = true;
	for (unsigned i = 0; i < revocation->count; i++) {
		const struct witness *witness = &revocation->witnesses[i];
		struct mapping_report after = survey_mapping(survey, witness->mapping);
		bool concerned = witness->before == MAPPING_LIVE ||
				 witness->before == MAPPING_UNKNOWN;
		json_object *row = add_object(rows);
		char remedy[2 * NAME_SIZE + 64] = "";

		fill_mapping(row, witness->mapping, survey);
		put_text(row, "state_before", mapping_state_name(witness->before));
		if (witness->unmapped)
			put_number(row, "unmapped_after_ns",
				   witness->unmapped_at > revocation->start ?
					   witness->unmapped_at - revocation->start :
					   0);
		else
			put_text(row, "unmapped_after_ns", NULL);
		if (after.state == MAPPING_STALE)
			snprintf(remedy, sizeof(remedy), "%s recover %s", tool,
				 witness->mapping->name);
		else if (after.state == MAPPING_REVOKED && revocation->device)
			snprintf(remedy, sizeof(remedy), "%s revoke %s --by memory, then recover",
				 tool, revocation->device->name);
		else if (after.state == MAPPING_REVOKED)
			snprintf(remedy, sizeof(remedy), "%s unmap %s", tool,
				 witness->mapping->name);
		put_text(row, "next", remedy);
		if (concerned && !is_seen_gone(witness, &after))
			revocation->observed = false;
	}
}

/* What the record will say where no better evidence is to be had. */
static int note_in_record(struct revocation *revocation)
{
	for (unsigned i = 0; i < revocation->count; i++) {
		struct object *mapping = (struct object *)revocation->witnesses[i].mapping;
		int rc;

		snprintf(mapping->mapping.revoked_by, sizeof(mapping->mapping.revoked_by), "%s",
			 revocation->trigger->name);
		rc = context_update(revocation->call->context, mapping);
		if (rc)
			return rc;
	}
	return 0;
}

static enum status report(struct revocation *revocation, const char *bdf)
{
	struct call *call = revocation->call;
	struct survey survey;

	survey_begin(&survey, call->context);
	read_unmaps(revocation, &survey);
	put_text(call->result, "device", bdf);
	put_text(call->result, "trigger", revocation->trigger->name);
	revocation->timeline = put_array(call->result, "timeline");
	add_event(revocation, revocation->start, "trigger", bdf,
		  revocation->hold ? "memory decode off" : revocation->trigger->help);
	report_unmaps(revocation);
	add_event(revocation, revocation->end, "done", bdf,
		  revocation->hold ? "memory decode stays off" : NULL);
	report_dmabufs(revocation, &survey, bdf);
	report_mappings(revocation, &survey);
	put_bool(call->result, "observed", revocation->observed);
	survey_end(&survey);
	if (revocation->observed)
		return STATUS_OK;
	fail(STATUS_UNOBSERVED, 0, "revoke %s --by %s", bdf, revocation->trigger->name);
	fail_because("revocation was not observed on every mapping");
	fail_try("the table shows which; 'dmabufctl doctor' says what evidence is to be had here");
	return STATUS_UNOBSERVED;
}

static enum status run(struct call *call)
{
	const struct revoke_options *options = call->options;
	struct revocation revocation = { .call = call, .hold = options->hold };
	char bdf[NAME_SIZE];
	enum status status;

	status = want_trigger(options->by, &revocation.trigger);
	if (!status && options->hold && revocation.trigger->pull != pull_memory) {
		status = fail(STATUS_USAGE, 0, "option --hold");
		fail_because("it goes with --by memory only");
	}
	if (!status)
		status = want_object(call, OBJECT_DEVICE, call->arguments[0], &revocation.device);
	if (status)
		return status;
	strcpy(bdf, revocation.device->name);
	if (call_witnesses(&revocation))
		return fail_errno(ENOMEM, "revoke %s", bdf);
	status = revocation.trigger->pull(&revocation);
	if (!status && note_in_record(&revocation))
		status = fail_errno(EREMOTEIO, "revoke %s", bdf);
	if (!status)
		status = report(&revocation, bdf);
	free(revocation.witnesses);
	return status;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct revoke_options, by, "by", "METHOD", "the trigger: reset, memory or close"),
	OPT_FLAG(struct revoke_options, hold, "hold", 0,
		 "with memory: leave memory decode off, until --by memory without it"),
	{ 0 },
};

static const struct column timeline_columns[] = {
	{ "TIME", "t_ns", COLUMN_TIME, "since the trigger" },
	{ "EVENT", "event", COLUMN_TEXT, "trigger, unmapped, done" },
	{ "OBJECT", "object", COLUMN_TEXT, "device or mapping" },
	{ "DETAIL", "detail", COLUMN_TEXT, "what exactly" },
	{ 0 },
};

static const struct column dmabuf_after_columns[] = {
	{ "DMABUF", "name", COLUMN_TEXT, "name" },
	{ "STATE", "state", COLUMN_TEXT, "of the exporter now" },
	{ "EVIDENCE", "evidence", COLUMN_LIST, "what the state rests on" },
	{ 0 },
};

static const struct column mapping_after_columns[] = {
	{ "MAPPING", "name", COLUMN_TEXT, "name" },
	{ "UNMAPPED", "unmapped_after_ns", COLUMN_TIME, "after the trigger, by the trace" },
	{ "BEFORE", "state_before", COLUMN_TEXT, "the state before" },
	{ "STATE", "state", COLUMN_TEXT, "the state now" },
	{ "EVIDENCE", "evidence", COLUMN_LIST, "what the state rests on" },
	{ "NEXT", "next", COLUMN_TEXT, "what can be done about it" },
	{ 0 },
};

static const struct section sections[] = {
	{ "timeline", "Timeline", NULL, timeline_columns },
	{ "dmabufs", "Dma-bufs after", NULL, dmabuf_after_columns },
	{ "mappings", "Mappings after", NULL, mapping_after_columns },
	{ 0 },
};

const struct command cmd_revoke = {
	.name = "revoke",
	.arguments = "BDF --by METHOD",
	.summary = "pull a trigger, and report what it did to dma-bufs and mappings",
	.description =
		"  reset   VFIO_DEVICE_RESET\n"
		"  memory  memory decode off, and on again\n"
		"  close   close the device; its dma-bufs never come back\n"
		"Exit status 6 when revocation was not observed on every mapping that was live.",
	.options = options,
	.options_size = sizeof(struct revoke_options),
	.least = 1,
	.most = 1,
	.words = { WORD_DEVICE },
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
