// SPDX-License-Identifier: GPL-2.0-only
/* monitor: its options, what it refuses, and how it ends. */
#include <errno.h>
#include <signal.h>

#include "cmd/monitor/watch.h"
#include "cmd/shared/command.h"
#include "cmd/shared/refusal.h"

struct monitor_options {
	struct option_time duration;
	const char *until, *events, *device;
	bool all;
};

static enum status parse_filter(const struct call *call, struct filter *filter)
{
	const struct monitor_options *options = call->options;

	*filter = (struct filter){
		.wanted = options->events ? kinds_parse(options->events) : KINDS_ALL,
		.until = kinds_parse(options->until),
		.context = call->globals->context,
	};
	if (!options->device || !pci_parse_name(options->device, &filter->device))
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "option --device: '%s'", options->device);
	fail_because("not a device's name");
	fail_hint("give it as 0000:01:00.0 or 01:00.0");
	return STATUS_USAGE;
}

static enum status cannot_open(int error)
{
	return refuse(monitor_rules, &(struct rule_subject){ 0 }, error, "monitor");
}

/* What cannot be seen is said; when it is waited for, that is a failure. */
static enum status check_sight(const struct filter *filter, const struct sight *sight)
{
	unsigned kinds = kinds_unseen(sight) & (filter->until ? filter->until : filter->wanted);
	char text[KINDS_TEXT];

	kinds_describe(text, kinds);
	if (kinds & filter->until) {
		fail_with(STATUS_UNSUPPORTED, 0, "monitor --until %s", text);
		fail_because("it cannot be seen: %s", kinds_why_unseen(kinds));
		return STATUS_UNSUPPORTED;
	}
	if (kinds)
		fprintf(stderr, "dmabufctl: monitor: %s cannot be seen: %s\n", text,
			kinds_why_unseen(kinds));
	return STATUS_OK;
}

static enum status unobserved(const struct monitor_options *options)
{
	fail_with(STATUS_UNOBSERVED, 0, "monitor --until %s", options->until);
	fail_because("it was not seen");
	return STATUS_UNOBSERVED;
}

/* *broken: whoever read the output is gone. */
static enum status monitor_events(struct watch *watch, const struct monitor_options *options,
				  bool *broken)
{
	const struct filter *filter = watch->printer->filter;
	struct sight sight = watch_sight(watch);
	enum status status = check_sight(filter, &sight);
	int rc;

	if (status)
		return status;
	rc = watch_run(watch, options->duration.given ? options->duration.ns : UINT64_MAX);
	*broken = rc == -EPIPE;
	if (rc)
		return fail_errno(rc, "monitor");
	return filter->until && !watch->printer->met ? unobserved(options) : STATUS_OK;
}

static enum status run(struct call *call)
{
	static struct printer printer; /* large */
	const struct monitor_options *options = call->options;
	struct filter filter;
	struct watch watch = { .all = options->all, .printer = &printer };
	enum status status = parse_filter(call, &filter);
	bool broken = false;
	void (*before)(int);
	int rc;

	if (status)
		return status;
	printer.filter = &filter;
	printer.naming = &watch.naming;
	rc = watch_open(&watch);
	if (rc)
		return cannot_open(rc);
	event_start(&printer.event, call->globals->json, "monitor");
	before = signal(SIGPIPE, SIG_IGN);
	status = monitor_events(&watch, options, &broken);
	watch_close(&watch);
	signal(SIGPIPE, before);
	if (broken)
		raise(SIGPIPE);
	return status;
}

static const struct option_entry options[] = {
	OPT_FLAG(struct monitor_options, all, "all", 'a',
		 "also imports that were only tried, as by dmabufctl's own looking"),
	OPT_TEXT(struct monitor_options, device, "device", "BDF",
		 "only what concerns this device, or mappings of its memory"),
	OPT_CHOICES(struct monitor_options, events, "event", 0, "EVENT[,EVENT]...", kind_name,
		    "print only these, besides begin and end"),
	OPT_SECONDS(struct monitor_options, duration, "for", "SECONDS", "end after that time"),
	OPT_CHOICES(struct monitor_options, until, "until", 0, "EVENT[,EVENT]...", kind_name,
		    "end with the first of these: exit status 0, or 6 when it did not come"),
	{ 0 },
};

const struct command cmd_monitor = {
	.name = "monitor",
	.arguments = "",
	.summary = "print what happens to mappings, dma-bufs and devices, as it happens",
	.description =
		"A line an event, with --json an object: begin, map, unmap, domain, export, attach,\n"
		"detach, put (the last), revoked, restored, fault, bind, unbind, add, remove, change,\n"
		"context-start, context-stop, lost, and end. Times are CLOCK_MONOTONIC. --context:\n"
		"only what belongs to that context. Ends on SIGINT, SIGTERM and, but under nohup,\n"
		"SIGHUP.",
	.options = options,
	.options_size = sizeof(struct monitor_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_NONE,
	.alone = true,
	.streams = true, /* events, as they come */
	.run = run,
};
