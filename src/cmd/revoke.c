// SPDX-License-Identifier: GPL-2.0-only
/* revoke: makes a device revoke its dma-bufs, and reports what came of it. */
#include <string.h>

#include "cmd/shared/affected.h"
#include "cmd/shared/judgement.h"
#include "cmd/shared/lookup.h"
#include "cmd/shared/matrix.h"
#include "cmd/shared/rows.h"
#include "util/text.h"

#define ALL "all"

struct revoke_options {
	const char *by;
	const char *except;
	bool hold;
	bool dry_run;
	bool yes;
};

static const char *method_name(unsigned index)
{
	unsigned count = 0;

	while (triggers[count].name)
		count++;
	return index < count ? triggers[index].name : index == count ? ALL : NULL;
}

static enum status bad_trigger(const char *option, const char *name, const char *why)
{
	char known[160] = "";

	for (const struct trigger *trigger = triggers; trigger->name; trigger++)
		text_join(known, sizeof(known), ", ", "%s", trigger->name);
	fail_with(STATUS_USAGE, 0, "option %s%s%s%s", option, name ? ": '" : "", name ? name : "",
		  name ? "'" : "");
	fail_because("%s", why);
	fail_hint("give one of %s, " ALL ", or several of them separated by commas", known);
	return STATUS_USAGE;
}

/* "reset,flr", or "all"; NULL: none. */
static enum status parse_triggers(const char *option, const char *list,
				  struct trigger_choice *choice)
{
	const char *rest = list;

	*choice = (struct trigger_choice){ .named = list && strcmp(list, ALL) };
	while (rest) {
		size_t length = strcspn(rest, ",");
		const struct trigger *trigger;
		char name[32];

		copy_text(name, length < sizeof(name) ? length + 1 : sizeof(name), rest);
		trigger = trigger_find(name);
		if (!choice->named)
			for (trigger = triggers; trigger->name; trigger++)
				choice->bits |= 1u << (trigger - triggers);
		else if (!trigger || length >= sizeof(name))
			return bad_trigger(option, list, "not a trigger");
		else if (choice->bits & 1u << (trigger - triggers))
			return bad_trigger(option, list, "a trigger stands there twice");
		else
			choice->bits |= 1u << (trigger - triggers);
		rest = rest[length] ? rest + length + 1 : NULL;
	}
	return STATUS_OK;
}

static enum status choose_triggers(const struct revoke_options *options,
				   struct trigger_choice *choice)
{
	struct trigger_choice except;
	enum status status = options->by ? parse_triggers("--by", options->by, choice) :
					   bad_trigger("--by", NULL, "it is missing");

	if (!status)
		status = parse_triggers("--except", options->except, &except);
	if (status)
		return status;
	if (except.bits & ~choice->bits)
		return bad_trigger("--except", options->except, "--by does not name it");
	choice->bits &= ~except.bits;
	return choice->bits ? STATUS_OK :
			      bad_trigger("--except", options->except, "nothing is left");
}

/* The only one that was named; NULL: several, or whatever is left of all. */
static const struct trigger *single_trigger(const struct revoke_options *options)
{
	return options->except ? NULL : trigger_find(options->by);
}

static enum status check_hold(const struct trigger *trigger)
{
	char known[96] = "";

	if (trigger && trigger->held)
		return STATUS_OK;
	for (const struct trigger *each = triggers; each->name; each++)
		if (each->held)
			text_join(known, sizeof(known), ", ", "%s", each->name);
	fail_with(STATUS_USAGE, 0, "option --hold");
	fail_because("it goes with one trigger, and only with --by %s", known);
	return STATUS_USAGE;
}

static void add_event(json_object *rows, uint64_t since, uint64_t time, const char *event,
		      const char *object, const char *detail)
{
	json_object *row = add_object(rows);

	json_put_number(row, "t_ns", time > since ? time - since : 0);
	json_put_text(row, "event", event);
	json_put_text(row, "object", object);
	json_put_text(row, "detail", detail);
}

static void fill_timeline(struct call *call, const struct revocation *revocation, bool hold)
{
	json_object *rows = json_put_array(call->result, "timeline");
	const struct trigger *trigger = revocation->trigger;
	const char *bdf = revocation->name.bdf;
	bool restored = trigger->again && !hold;
	uint64_t start = revocation->start;
	char detail[128];

	snprintf(detail, sizeof(detail), "%s%s%s", trigger->detail, restored ? ", " : "",
		 restored ? trigger->again : "");
	add_event(rows, start, start, "trigger", bdf, detail);
	for (unsigned i = 0; i < revocation->count; i++) {
		const struct affected *affected = &revocation->affected[i];
		const struct range *iova = &affected->mapping->addresses;

		if (!affected->unmapped)
			continue;
		snprintf(detail, sizeof(detail), "iova 0x%llx+0x%llx",
			 (unsigned long long)iova->offset, (unsigned long long)iova->length);
		add_event(rows, start, affected->unmapped_at, "unmapped", affected->mapping->name,
			  detail);
	}
	add_event(rows, start, revocation->end, "done", bdf, hold ? trigger->held : NULL);
}

static void fill_dmabufs(struct call *call, const struct revocation *revocation,
			 struct snapshot *snapshot)
{
	json_object *rows = json_put_array(call->result, "dmabufs");

	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF)
		if (revocation_hits(revocation, dmabuf))
			fill_dmabuf(add_object(rows), dmabuf, snapshot);
}

static void put_remedy(struct call *call, json_object *row, const struct revocation *revocation,
		       const struct affected *affected)
{
	const struct trigger *trigger = revocation->trigger;
	const char *name = affected->mapping->name;
	char remedy[2 * NAME_SIZE + 64] = "";

	if (affected->after.state == MAPPING_STALE)
		snprintf(remedy, sizeof(remedy), "%s recover %s", call_program(call), name);
	else if (affected->after.state == MAPPING_REVOKED && trigger->closes)
		snprintf(remedy, sizeof(remedy), "%s unmap %s", call_program(call), name);
	else if (affected->after.state == MAPPING_REVOKED)
		snprintf(remedy, sizeof(remedy), "%s revoke %s --by %s, then recover",
			 call_program(call), revocation->name.bdf,
			 trigger->held ? trigger->name : "memory");
	json_put_text(row, "next", remedy);
}

static void fill_mappings(struct call *call, const struct revocation *revocation,
			  struct snapshot *snapshot)
{
	json_object *rows = json_put_array(call->result, "mappings");

	for (unsigned i = 0; i < revocation->count; i++) {
		const struct affected *affected = &revocation->affected[i];
		json_object *row = add_object(rows);

		fill_mapping(row, affected->mapping, snapshot);
		json_put_text(row, "state_before", mapping_state_name(affected->before));
		if (affected->unmapped)
			json_put_number(row, "unmapped_after_ns",
					affected->unmapped_at > revocation->start ?
						affected->unmapped_at - revocation->start :
						0);
		else
			json_put_text(row, "unmapped_after_ns", NULL);
		put_remedy(call, row, revocation, affected);
	}
}

static void report(struct call *call, struct revocation *revocation, bool hold)
{
	json_put_text(call->result, "device", revocation->name.bdf);
	json_put_text(call->result, "trigger", revocation->trigger->name);
	fill_timeline(call, revocation, hold);
	fill_dmabufs(call, revocation, &revocation->snapshot);
	fill_mappings(call, revocation, &revocation->snapshot);
	json_put_bool(call->result, "observed", revocation->observed);
}

/* A trigger that failed may have revoked all the same; then there is something to tell. */
static enum status pull(struct call *call, struct revocation *revocation, bool hold)
{
	int rc = revocation_pull(revocation, hold);
	struct judgement judgement;

	if (!rc || revocation_was_seen(revocation))
		report(call, revocation, hold);
	judge_revocation(revocation, rc, &judgement);
	return fail_judgement(revocation, &judgement);
}

static enum status revoke(struct call *call, const struct revoke_options *options,
			  const struct trigger *trigger, struct object *device)
{
	struct revocation revocation;
	struct judgement judgement;
	enum status status = STATUS_OK;
	int rc = revocation_begin(&revocation, call->context, trigger, device);

	if (rc) {
		judge_revocation(&revocation, rc, &judgement);
		status = fail_judgement(&revocation, &judgement);
	} else if (options->dry_run) {
		status = fill_affected(call, &revocation);
	} else {
		judge_owners(&revocation, call_program(call), &judgement);
		status = fail_judgement(&revocation, &judgement);
		if (!status && !options->yes)
			status = check_strangers(&revocation);
		if (!status)
			status = pull(call, &revocation, options->hold);
	}
	revocation_end(&revocation);
	return status;
}

static enum status run(struct call *call)
{
	const struct revoke_options *options = call->options;
	const struct trigger *trigger;
	struct trigger_choice choice;
	struct object *device;
	enum status status = choose_triggers(options, &choice);

	if (status)
		return status;
	trigger = single_trigger(options);
	if (options->hold)
		status = check_hold(trigger);
	if (!status)
		status = lookup_object(call, OBJECT_DEVICE, call->arguments[0], &device);
	if (status)
		return status;
	if (trigger)
		return revoke(call, options, trigger, device);
	return run_matrix(call, device, &choice, options->dry_run, options->yes);
}

static const struct option_entry options[] = {
	OPT_CHOICES(struct revoke_options, by, "by", 0, "METHOD", method_name,
		    "the trigger, as above; several, separated by commas, make a table"),
	OPT_CHOICES(struct revoke_options, except, "except", 0, "METHOD", method_name,
		    "not these of the several, or of all"),
	OPT_FLAG(struct revoke_options, hold, "hold", 0,
		 "leave the device as the trigger left it: memory, d3hot, unbind, remove"),
	OPT_FLAG(struct revoke_options, dry_run, "dry-run", 0,
		 "list what would be hit, also in other processes, and pull no trigger"),
	OPT_FLAG(struct revoke_options, yes, "yes", 0,
		 "go ahead although other processes hold or map dma-bufs that are hit"),
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

static const struct column other_mapping_columns[] = {
	{ "COMMAND", "command", COLUMN_TEXT, "the process's name" },
	{ "PID", "pid", COLUMN_NUMBER, "its PID" },
	{ "DMABUF", "dmabuf", COLUMN_TEXT, "the name that it has in the context" },
	{ "INODE", "inode", COLUMN_NUMBER, "of its file" },
	{ "DEVICE", "device", COLUMN_TEXT, "the exporter" },
	{ "IOAS", "ioas", COLUMN_NUMBER, "its ID in the process's iommufd context" },
	{ "IOVA", "iova", COLUMN_TEXT, "at which address" },
	{ "LENGTH", "length", COLUMN_SIZE, "bytes" },
	{ "STATE", "state", COLUMN_TEXT, "live, or idle" },
	{ "DEVICES", "devices", COLUMN_LIST, "who reaches it: attached to the IOAS" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "matrix", .title = "Triggers", .columns = matrix_columns },
	{ .key = "hit", .title = "Would be hit", .columns = hit_columns },
	{ .key = "other_mappings",
	  .title = "Mappings of other processes that would go",
	  .columns = other_mapping_columns },
	{ .key = "timeline", .title = "Timeline", .columns = timeline_columns },
	{ .key = "dmabufs", .title = "Dma-bufs after", .columns = dmabuf_after_columns },
	{ .key = "mappings", .title = "Mappings after", .columns = mapping_after_columns },
	{ 0 },
};

const struct command cmd_revoke = {
	.name = "revoke",
	.arguments = "BDF --by METHOD[,METHOD...]",
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
		"Exit status 6 when revocation was not observed on every mapping that was live. Of\n"
		"several triggers the worst counts: 6 before 1, and that before 3, which one gives that\n"
		"is named and that the device cannot take.",
	.options = options,
	.options_size = sizeof(struct revoke_options),
	.least = 1,
	.most = 1,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
