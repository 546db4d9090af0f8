// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cmd/shared/impact.h"
#include "cmd/shared/matrix.h"

#define ALL "all"

struct revoke_options {
	const char *by;
	bool hold;
	bool dry_run;
	bool yes;
};

static enum status unknown_trigger(const char *name)
{
	char known[160] = "";

	for (const struct trigger *trigger = triggers; trigger->name; trigger++)
		strcat(strcat(known, trigger->name), ", ");
	fail(STATUS_USAGE, 0, "option --by%s%s%s", name ? ": '" : "", name ? name : "",
	     name ? "'" : "");
	fail_because(name ? "not a trigger" : "it is missing");
	fail_try("give one of %s" ALL, known);
	return STATUS_USAGE;
}

static enum status check_hold(const struct trigger *trigger)
{
	char known[96] = "";

	if (trigger && trigger->held)
		return STATUS_OK;
	for (const struct trigger *each = triggers; each->name; each++)
		if (each->held)
			strcat(strcat(known, *known ? ", " : ""), each->name);
	fail(STATUS_USAGE, 0, "option --hold");
	fail_because("it goes with --by %s only", known);
	return STATUS_USAGE;
}

static void add_event(json_object *rows, uint64_t since, uint64_t time, const char *event,
		      const char *object, const char *detail)
{
	json_object *row = add_object(rows);

	put_number(row, "t_ns", time > since ? time - since : 0);
	put_text(row, "event", event);
	put_text(row, "object", object);
	put_text(row, "detail", detail);
}

static void fill_timeline(struct call *call, const struct revocation *revocation, bool hold)
{
	json_object *rows = put_array(call->result, "timeline");
	const struct trigger *trigger = revocation->trigger;
	const char *bdf = revocation->name.bdf;
	uint64_t start = revocation->start;

	add_event(rows, start, start, "trigger", bdf, trigger->detail);
	for (unsigned i = 0; i < revocation->count; i++) {
		const struct witness *witness = &revocation->witnesses[i];
		const struct range *iova = &witness->mapping->mapping.iova;
		char detail[64];

		if (!witness->unmapped)
			continue;
		snprintf(detail, sizeof(detail), "iova 0x%llx+0x%llx",
			 (unsigned long long)iova->offset, (unsigned long long)iova->length);
		add_event(rows, start, witness->unmapped_at, "unmapped", witness->mapping->name,
			  detail);
	}
	add_event(rows, start, revocation->end, "done", bdf, hold ? trigger->held : NULL);
}

static void fill_dmabufs(struct call *call, const struct revocation *revocation,
			 struct survey *survey)
{
	json_object *rows = put_array(call->result, "dmabufs");

	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF)
		if (revocation_hits(revocation, dmabuf))
			fill_dmabuf(call, add_object(rows), dmabuf, survey);
}

static void put_remedy(struct call *call, json_object *row, const struct revocation *revocation,
		       const struct witness *witness)
{
	const struct trigger *trigger = revocation->trigger;
	const char *name = witness->mapping->name;
	char remedy[2 * NAME_SIZE + 64] = "";

	if (witness->after.state == MAPPING_STALE)
		snprintf(remedy, sizeof(remedy), "%s recover %s", self(call), name);
	else if (witness->after.state == MAPPING_REVOKED && trigger->closes)
		snprintf(remedy, sizeof(remedy), "%s unmap %s", self(call), name);
	else if (witness->after.state == MAPPING_REVOKED)
		snprintf(remedy, sizeof(remedy), "%s revoke %s --by %s, then recover", self(call),
			 revocation->name.bdf, trigger->held ? trigger->name : "memory");
	put_text(row, "next", remedy);
}

static void fill_mappings(struct call *call, const struct revocation *revocation,
			  struct survey *survey)
{
	json_object *rows = put_array(call->result, "mappings");

	for (unsigned i = 0; i < revocation->count; i++) {
		const struct witness *witness = &revocation->witnesses[i];
		json_object *row = add_object(rows);

		fill_mapping(row, witness->mapping, survey);
		put_text(row, "state_before", mapping_state_name(witness->before));
		if (witness->unmapped)
			put_number(row, "unmapped_after_ns",
				   witness->unmapped_at > revocation->start ?
					   witness->unmapped_at - revocation->start :
					   0);
		else
			put_text(row, "unmapped_after_ns", NULL);
		put_remedy(call, row, revocation, witness);
	}
}

static void report(struct call *call, const struct revocation *revocation, bool hold)
{
	struct survey survey;

	survey_begin(&survey, call->context);
	put_text(call->result, "device", revocation->name.bdf);
	put_text(call->result, "trigger", revocation->trigger->name);
	fill_timeline(call, revocation, hold);
	fill_dmabufs(call, revocation, &survey);
	fill_mappings(call, revocation, &survey);
	put_bool(call->result, "observed", revocation->observed);
	survey_end(&survey);
}

/* A trigger that failed may have revoked all the same; then there is something to tell. */
static enum status pull(struct call *call, struct revocation *revocation, bool hold)
{
	int rc = revocation_pull(revocation, hold);

	if (!rc || revocation_was_seen(revocation))
		report(call, revocation, hold);
	return judge_revocation(revocation, rc);
}

static enum status revoke(struct call *call, const struct revoke_options *options,
			  const struct trigger *trigger, struct object *device)
{
	struct revocation revocation;
	enum status status = STATUS_OK;
	int rc = revocation_begin(&revocation, call->context, trigger, device);

	if (rc) {
		status = judge_revocation(&revocation, rc);
	} else if (options->dry_run) {
		fill_impact(call, &revocation);
	} else {
		status = check_owned(call, &revocation);
		if (!status && !options->yes)
			status = check_strangers(call, &revocation);
		if (!status)
			status = pull(call, &revocation, options->hold);
	}
	revocation_end(&revocation);
	return status;
}

static enum status run(struct call *call)
{
	const struct revoke_options *options = call->options;
	bool all = options->by && !strcmp(options->by, ALL);
	const struct trigger *trigger = options->by ? trigger_find(options->by) : NULL;
	struct object *device;
	enum status status = STATUS_OK;

	if (!trigger && !all)
		status = unknown_trigger(options->by);
	if (!status && options->hold)
		status = check_hold(trigger);
	if (!status)
		status = want_object(call, OBJECT_DEVICE, call->arguments[0], &device);
	if (status)
		return status;
	if (!all)
		return revoke(call, options, trigger, device);
	return run_matrix(call, device, options->dry_run, options->yes);
}

static const struct option_entry options[] = {
	OPT_TEXT(struct revoke_options, by, "by", "METHOD", "the trigger, as above"),
	OPT_FLAG(struct revoke_options, hold, "hold", 0,
		 "leave the device as the trigger left it: memory, d3hot, unbind, remove"),
	OPT_FLAG(struct revoke_options, dry_run, "dry-run", 0,
		 "list what would be hit, and pull no trigger"),
	OPT_FLAG(struct revoke_options, yes, "yes", 0,
		 "go ahead although other processes hold dma-bufs that are hit"),
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

static const struct column hit_columns[] = {
	{ "KIND", "kind", COLUMN_TEXT, "device, dma-buf or mapping" },
	{ "NAME", "name", COLUMN_TEXT, "name" },
	{ "HOLDERS", "holders", COLUMN_TEXT, "other processes that have the dma-buf" },
	{ 0 },
};

static const struct section sections[] = {
	{ "matrix", "Triggers", NULL, matrix_columns },
	{ "hit", "Would be hit", NULL, hit_columns },
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
		"  reset        VFIO_DEVICE_RESET\n"
		"  flr          function level reset, through config space\n"
		"  memory       memory decode off, and on again\n"
		"  d3hot        power state D3hot, and D0 again\n"
		"  low-power    VFIO's low power entry, and exit\n"
		"  hot-reset    the slot or bus, with all the devices there\n"
		"  sysfs-reset  a reset behind VFIO's back, which mainline does not revoke for\n"
		"  close        close the device; its dma-bufs never come back\n"
		"  unbind       the same by taking it from vfio-pci, which gets it again\n"
		"  remove       the same by taking it off its bus, which is scanned again\n"
		"  all          each that the device can take, as a table; what closed it is undone\n"
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
