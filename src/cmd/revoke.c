// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/common.h"
#include "kernel/process.h"
#include "kernel/vfio.h"

struct revoke_options {
	const char *by;
	bool hold;
	bool dry_run;
	bool yes;
};

struct revocation;

struct trigger {
	const char *name;
	const char *detail;
	const char *lacks;   /* what a device does not have that cannot do it */
	const char *if_live; /* what it means when mappings outlive the trigger, NULL for nothing */
	/* Pulls the trigger; 0 or a negative errno. */
	int (*pull)(struct revocation *revocation);
};

/* A mapping of the dma-bufs that are hit, before and after. */
struct witness {
	struct object *mapping;
	enum mapping_state before;
	bool unmapped;
	uint64_t unmapped_at;
};

struct revocation {
	struct call *call;
	const struct trigger *trigger;
	struct object *device; /* NULL once it is closed */
	char bdf[NAME_SIZE];
	int fd;
	bool hold;
	struct vfio_reset_member *hit; /* the devices that lose their memory */
	unsigned hit_count;
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

static int pull_reset(struct revocation *revocation)
{
	return vfio_reset(revocation->fd);
}

static int pull_hot_reset(struct revocation *revocation)
{
	return vfio_hot_reset(revocation->fd);
}

static int pull_flr(struct revocation *revocation)
{
	return vfio_flr(revocation->fd);
}

static int pull_memory(struct revocation *revocation)
{
	int rc = vfio_set_memory_decode(revocation->fd, false);

	return rc || revocation->hold ? rc : vfio_set_memory_decode(revocation->fd, true);
}

static int pull_d3hot(struct revocation *revocation)
{
	int rc = vfio_set_power(revocation->fd, VFIO_D3HOT);

	return rc ? rc : vfio_set_power(revocation->fd, VFIO_D0);
}

static int pull_low_power(struct revocation *revocation)
{
	int rc = vfio_set_low_power(revocation->fd, true);

	return rc ? rc : vfio_set_low_power(revocation->fd, false);
}

static int pull_close(struct revocation *revocation)
{
	int rc = context_remove(revocation->call->context, revocation->device);

	revocation->device = NULL;
	return rc;
}

static int pull_sysfs_reset(struct revocation *revocation)
{
	struct pci_name name;
	int rc = pci_parse_name(revocation->bdf, &name);

	return rc ? rc : pci_reset(&name);
}

static const struct trigger triggers[] = {
	{ "reset", "VFIO_DEVICE_RESET", "reset that VFIO can use", NULL, pull_reset },
	{ "hot-reset", "VFIO_DEVICE_PCI_HOT_RESET",
	  "slot or bus whose reset the kernel could complete", NULL, pull_hot_reset },
	{ "flr", "function level reset, through config space", "function level reset", NULL,
	  pull_flr },
	{ "memory", "memory decode off, and on again", "command register", NULL, pull_memory },
	{ "d3hot", "power state D3hot, and D0 again", "power management capability", NULL,
	  pull_d3hot },
	{ "low-power", "VFIO's low power entry, and exit", "low power feature", NULL,
	  pull_low_power },
	{ "close", "the device's last close", "open file", NULL, pull_close },
	{ "sysfs-reset", "a reset by way of sysfs", "reset in sysfs",
	  "this kernel does not revoke on a reset by way of sysfs: the importer reaches the BAR "
	  "while it is reset, and whatever it holds afterwards",
	  pull_sysfs_reset },
};

#define TRIGGERS (sizeof(triggers) / sizeof(*triggers))

static enum status want_trigger(const char *name, const struct trigger **trigger)
{
	char known[128] = "";

	for (unsigned i = 0; i < TRIGGERS; i++) {
		if (name && !strcmp(triggers[i].name, name)) {
			*trigger = &triggers[i];
			return STATUS_OK;
		}
		strcat(strcat(known, i ? ", " : ""), triggers[i].name);
	}
	fail(STATUS_USAGE, 0, "option --by%s%s%s", name ? ": '" : "", name ? name : "",
	     name ? "'" : "");
	fail_because(name ? "not a trigger" : "it is missing");
	fail_try("give one of %s", known);
	return STATUS_USAGE;
}

static bool is_unsupported(int error)
{
	return error == -EINVAL || error == -EOPNOTSUPP || error == -ENOTTY || error == -ENODEV ||
	       error == -ENOENT;
}

static enum status cannot_pull(const struct revocation *revocation, int error)
{
	const struct trigger *trigger = revocation->trigger;

	if (!is_unsupported(error))
		return fail_errno(error, "revoke %s --by %s", revocation->bdf, trigger->name);
	fail(STATUS_UNSUPPORTED, error, "revoke %s --by %s", revocation->bdf, trigger->name);
	fail_because("the device has no %s", trigger->lacks);
	fail_try("try --by memory; 'dmabufctl device %s' shows its reset methods", revocation->bdf);
	return STATUS_UNSUPPORTED;
}

/* A hot reset takes the whole slot or bus along, the others one device. */
static int find_hit(struct revocation *revocation)
{
	if (revocation->trigger->pull == pull_hot_reset)
		return vfio_hot_reset_set(revocation->fd, &revocation->hit, &revocation->hit_count);
	revocation->hit = calloc(1, sizeof(*revocation->hit));
	if (!revocation->hit)
		return -ENOMEM;
	revocation->hit_count = 1;
	revocation->hit[0].owned = true;
	return pci_parse_name(revocation->bdf, &revocation->hit[0].name);
}

static enum status check_hit(const struct revocation *revocation)
{
	for (unsigned i = 0; i < revocation->hit_count; i++) {
		const char *other = revocation->hit[i].name.bdf;

		if (revocation->hit[i].owned)
			continue;
		fail(STATUS_FAILED, EPERM, "revoke %s --by %s", revocation->bdf,
		     revocation->trigger->name);
		fail_because("it would take %s along, which is not this context's", other);
		fail_try("'dmabufctl bind %s', and open it in this context: '%s attach %s'", other,
			 self(revocation->call), other);
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static bool is_hit(const struct revocation *revocation, const struct object *dmabuf)
{
	for (unsigned i = 0; i < revocation->hit_count; i++)
		if (!strcmp(revocation->hit[i].name.bdf, dmabuf->dmabuf.device.bdf))
			return true;
	return false;
}

/* Processes other than this one and the context's holder that have the dma-buf; their number. */
static unsigned describe_strangers(const struct revocation *revocation, struct object *dmabuf,
				   char *text, size_t size)
{
	struct context *context = revocation->call->context;
	auto_free struct process *holders = NULL;
	unsigned count = 0, strangers = 0;
	size_t used = 0;

	*text = '\0';
	process_list_holders(context_fd(context, dmabuf), &holders, &count);
	for (unsigned i = 0; i < count && used < size; i++) {
		if (holders[i].pid == getpid() || holders[i].pid == context->holder)
			continue;
		used += snprintf(text + used, size - used, "%s%s (PID %d)", strangers++ ? ", " : "",
				 holders[i].name, holders[i].pid);
	}
	return strangers;
}

static void add_hit(json_object *rows, const char *kind, const char *name, const char *holders)
{
	json_object *row = add_object(rows);

	put_text(row, "kind", kind);
	put_text(row, "name", name);
	put_text(row, "holders", holders);
}

/* What --dry-run shows instead of pulling the trigger. */
static enum status list_hit(const struct revocation *revocation)
{
	const struct object_list *objects = &revocation->call->context->objects;
	json_object *rows = put_array(revocation->call->result, "hit");

	for (unsigned i = 0; i < revocation->hit_count; i++)
		add_hit(rows, "device", revocation->hit[i].name.bdf, NULL);
	for_each_object(dmabuf, objects, OBJECT_DMABUF) {
		char holders[256];

		if (!is_hit(revocation, dmabuf))
			continue;
		describe_strangers(revocation, dmabuf, holders, sizeof(holders));
		add_hit(rows, "dma-buf", dmabuf->name, holders);
	}
	for_each_object(mapping, objects, OBJECT_MAPPING)
		if (is_hit(revocation,
			   object_find(objects, OBJECT_DMABUF, mapping->mapping.dmabuf)))
			add_hit(rows, "mapping", mapping->name, NULL);
	return STATUS_OK;
}

/* Others may rely on what is about to go. */
static enum status check_strangers(const struct revocation *revocation)
{
	for_each_object(dmabuf, &revocation->call->context->objects, OBJECT_DMABUF) {
		char holders[256];

		if (!is_hit(revocation, dmabuf) ||
		    !describe_strangers(revocation, dmabuf, holders, sizeof(holders)))
			continue;
		fail(STATUS_FAILED, EBUSY, "revoke %s --by %s", revocation->bdf,
		     revocation->trigger->name);
		fail_because("%s is held by others too: %s", dmabuf->name, holders);
		fail_try("--yes revokes it all the same, --dry-run lists what is hit");
		return STATUS_FAILED;
	}
	return STATUS_OK;
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

		if (is_hit(revocation, dmabuf))
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

static void report_dmabufs(struct revocation *revocation, struct survey *survey)
{
	json_object *rows = put_array(revocation->call->result, "dmabufs");

	for_each_object(dmabuf, &revocation->call->context->objects, OBJECT_DMABUF)
		if (is_hit(revocation, dmabuf))
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
		struct object *mapping = revocation->witnesses[i].mapping;
		int rc;

		snprintf(mapping->mapping.revoked_by, sizeof(mapping->mapping.revoked_by), "%s",
			 revocation->trigger->name);
		rc = context_update(revocation->call->context, mapping);
		if (rc)
			return rc;
	}
	return 0;
}

static enum status report(struct revocation *revocation)
{
	struct call *call = revocation->call;
	const struct trigger *trigger = revocation->trigger;
	struct survey survey;

	survey_begin(&survey, call->context);
	read_unmaps(revocation, &survey);
	put_text(call->result, "device", revocation->bdf);
	put_text(call->result, "trigger", trigger->name);
	revocation->timeline = put_array(call->result, "timeline");
	add_event(revocation, revocation->start, "trigger", revocation->bdf,
		  revocation->hold ? "memory decode off" : trigger->detail);
	report_unmaps(revocation);
	add_event(revocation, revocation->end, "done", revocation->bdf,
		  revocation->hold ? "memory decode stays off" : NULL);
	report_dmabufs(revocation, &survey);
	report_mappings(revocation, &survey);
	put_bool(call->result, "observed", revocation->observed);
	survey_end(&survey);
	if (revocation->observed)
		return STATUS_OK;
	fail(STATUS_UNOBSERVED, 0, "revoke %s --by %s", revocation->bdf, trigger->name);
	fail_because("%s", trigger->if_live ? trigger->if_live :
					      "revocation was not observed on every mapping");
	fail_try("the table shows which; 'dmabufctl doctor' says what evidence is to be had here");
	return STATUS_UNOBSERVED;
}

/* Mainline revokes on every trigger but the one that says what it means when it does not. */
static enum status pull(struct revocation *revocation)
{
	int rc;

	if (call_witnesses(revocation))
		return fail_errno(ENOMEM, "revoke %s", revocation->bdf);
	revocation->start = trace_now();
	rc = revocation->trigger->pull(revocation);
	revocation->end = trace_now();
	if (rc)
		return cannot_pull(revocation, rc);
	if (!revocation->trigger->if_live && note_in_record(revocation))
		return fail_errno(EREMOTEIO, "revoke %s", revocation->bdf);
	return report(revocation);
}

static enum status check_and_pull(struct revocation *revocation,
				  const struct revoke_options *options)
{
	enum status status;
	int rc;

	strcpy(revocation->bdf, revocation->device->name);
	revocation->fd = context_fd(revocation->call->context, revocation->device);
	if (revocation->fd < 0)
		return fail_errno(revocation->fd, "revoke %s", revocation->bdf);
	rc = find_hit(revocation);
	if (rc)
		return cannot_pull(revocation, rc);
	if (options->dry_run)
		return list_hit(revocation);
	status = check_hit(revocation);
	if (!status && !options->yes)
		status = check_strangers(revocation);
	return status ? status : pull(revocation);
}

static enum status run(struct call *call)
{
	const struct revoke_options *options = call->options;
	struct revocation revocation = { .call = call, .hold = options->hold };
	enum status status;

	status = want_trigger(options->by, &revocation.trigger);
	if (!status && options->hold && revocation.trigger->pull != pull_memory) {
		status = fail(STATUS_USAGE, 0, "option --hold");
		fail_because("it goes with --by memory only");
	}
	if (!status)
		status = want_object(call, OBJECT_DEVICE, call->arguments[0], &revocation.device);
	if (!status)
		status = check_and_pull(&revocation, options);
	free(revocation.hit);
	free(revocation.witnesses);
	return status;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct revoke_options, by, "by", "METHOD", "the trigger, as above"),
	OPT_FLAG(struct revoke_options, hold, "hold", 0,
		 "with memory: leave memory decode off, until --by memory without it"),
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
		"  hot-reset    the slot or bus, with all the devices there\n"
		"  flr          function level reset, through config space\n"
		"  memory       memory decode off, and on again\n"
		"  d3hot        power state D3hot, and D0 again\n"
		"  low-power    VFIO's low power entry, and exit\n"
		"  close        close the device; its dma-bufs never come back\n"
		"  sysfs-reset  a reset behind VFIO's back, which mainline does not revoke for\n"
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
