// SPDX-License-Identifier: GPL-2.0-only
/* monitor: prints events as they happen. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/shared/common.h"
#include "context/inference.h"
#include "context/naming.h"
#include "context/watch.h"
#include "kernel/fault.h"
#include "kernel/stream.h"
#include "kernel/uevent.h"
#include "ui/event.h"
#include "util/clock.h"

#define INSTANCE_PREFIX "dmabufctl.monitor-"
#define MILLISECOND 1000000ull
/*
 * Read no more often: what is watched goes first, and one reading takes many records. The other is
 * for when they come by the thousand.
 */
#define READ_EVERY (20 * MILLISECOND)
#define READ_AT_LEAST_EVERY (400 * MILLISECOND)
#define LEARN_EVERY (50 * MILLISECOND)
/* How long a record waits at the most, for what the same task does next, and for a name. */
#define UNDECIDED (50 * MILLISECOND)
#define UNNAMED (250 * MILLISECOND)

enum kind {
	/* As enum record_kind has them. */
	KIND_MAP,
	KIND_UNMAP,
	KIND_DOMAIN,
	KIND_EXPORT,
	KIND_ATTACH,
	KIND_DETACH,
	KIND_PUT,
	KIND_REVOKED,
	KIND_FAULT,
	KIND_BIND,
	KIND_UNBIND,
	KIND_ADD,
	KIND_REMOVE,
	KIND_CHANGE,
	KIND_CONTEXT_START,
	KIND_CONTEXT_STOP,
	KIND_LOST,
	KINDS,
};

static const char *const kind_names[KINDS] = {
	"map",	  "unmap",   "domain",	      "export",	      "attach", "detach",
	"put",	  "revoked", "fault",	      "bind",	      "unbind", "add",
	"remove", "change",  "context-start", "context-stop", "lost",
};

struct monitor_options {
	struct option_time duration;
	const char *until, *events, *device;
	bool all;
};

struct monitor {
	struct call *call;
	const struct monitor_options *options;
	unsigned until, wanted; /* of kinds, a bit each */
	struct pci_name device; /* "": any */
	bool met;
	uint64_t end; /* nothing that comes later counts */
	uint64_t now;
	uint64_t events, hidden, lost;
	struct stream stream;
	struct nl_sock *uevents;
	int faults, signals; /* fds, negative when there are none */
	struct context_watch contexts;
	struct inference inference;
	struct naming naming;
	uint64_t asked; /* when the contexts were asked last */
	bool stale;	/* they may have other names by now */
	struct event *event;
};

/* What an event is about, for the filters; "" or NULL where that is not known. */
struct subject {
	const char *context;
	const char *devices[2];
};

static bool passes(const struct monitor *monitor, const struct subject *subject)
{
	const char *context = monitor->call->globals->context, *device = monitor->device.bdf;
	bool by_context = !context || (subject->context && !strcmp(subject->context, context));
	bool by_device = !*device;

	if (by_context && by_device)
		return true;
	for (unsigned i = 0; i < 2; i++) {
		if (!subject->devices[i] || !*subject->devices[i])
			continue;
		by_device |= !strcmp(subject->devices[i], device);
		by_context |= context &&
			      naming_has_device(&monitor->naming, context, subject->devices[i]);
	}
	return by_context && by_device;
}

/* False when nobody wants to see it; else event is begun. */
static bool begin(struct monitor *monitor, enum kind kind, uint64_t time,
		  const struct subject *subject)
{
	if (kind != KIND_LOST && !passes(monitor, subject))
		return false;
	if (monitor->until & 1u << kind)
		monitor->met = true;
	if (!(monitor->wanted & 1u << kind))
		return false;
	monitor->events++;
	event_begin(monitor->event, time, kind_names[kind]);
	return true;
}

static void end(struct monitor *monitor)
{
	event_end(monitor->event);
}

static void add_window(struct event *event, const struct named_window *window, struct range iova)
{
	event_text(event, "mapping", window ? window->mapping : NULL);
	event_text(event, "context", window ? window->context : NULL);
	event_address(event, "iova", iova.offset);
	event_number(event, "length", iova.length);
}

static struct subject subject_of(const struct named_window *window, const char *device)
{
	return (struct subject){
		.context = window ? window->context : NULL,
		.devices = { device, window ? window->exporter.bdf : NULL },
	};
}

static void print_window(struct monitor *monitor, const struct record *record,
			 const struct inferred *inferred)
{
	const struct named_window *window = naming_find(&monitor->naming, record->iova);
	struct subject subject = subject_of(window, NULL);
	struct event *event = monitor->event;

	if (begin(monitor, (enum kind)record->kind, record->time, &subject)) {
		add_window(event, window, record->iova);
		event_text(event, "device", NULL);
		event_number(event, "pid", record->pid);
		end(monitor);
	}
	if (!inferred->revoked || !begin(monitor, KIND_REVOKED, record->time, &subject))
		return;
	add_window(event, window, record->iova);
	event_number(event, "inode", inferred->inode);
	event_number(event, "pid", record->pid);
	event_text(event, "inferred_from", "unmapped while the exporter called the dma-buf back");
	end(monitor);
}

static void print_buffer(struct monitor *monitor, const struct record *record)
{
	struct subject subject = { .devices = { record->device } };
	struct event *event = monitor->event;

	if (!begin(monitor, (enum kind)record->kind, record->time, &subject))
		return;
	if (record->kind != RECORD_DOMAIN) {
		event_number(event, "inode", record->inode);
		event_number(event, "size", record->size);
		event_text(event, "exporter", record->exporter);
	}
	event_text(event, "device", record->device);
	event_number(event, "pid", record->pid);
	end(monitor);
}

static void print_lost(struct monitor *monitor, uint64_t time, uint64_t count, const char *of)
{
	monitor->lost += count;
	if (!begin(monitor, KIND_LOST, time, NULL))
		return;
	event_number(monitor->event, "count", count);
	event_text(monitor->event, "detail", of);
	end(monitor);
}

static void print_record(struct monitor *monitor, const struct record *record,
			 const struct inferred *inferred)
{
	switch (record->kind) {
	case RECORD_MAP:
	case RECORD_UNMAP:
		print_window(monitor, record, inferred);
		break;
	case RECORD_LOST:
		print_lost(monitor, record->time, record->size, "trace");
		break;
	case RECORD_INVALIDATE:
	case RECORD_INVALIDATED:
		break;
	default:
		print_buffer(monitor, record);
	}
}

/* All that happened until so long after it, or until the end, has been read. */
static bool is_late(const struct monitor *monitor, const struct record *record, uint64_t limit)
{
	uint64_t horizon = monitor->stream.horizon;

	return horizon >= monitor->end || horizon > record->time + limit;
}

static bool is_ending(const struct monitor *monitor)
{
	return monitor->now >= monitor->end;
}

static void learn(struct monitor *monitor)
{
	naming_learn(&monitor->naming);
	monitor->asked = monitor->now;
	monitor->stale = monitor->naming.busy;
}

/* A command that imports records the mapping's name right after the kernel has made it. */
static bool is_named(struct monitor *monitor, const struct record *record)
{
	if (monitor->naming.learnt <= record->time &&
	    monitor->now - monitor->asked >= LEARN_EVERY && !is_ending(monitor))
		learn(monitor);
	return is_late(monitor, record, UNNAMED) ||
	       (monitor->naming.learnt > record->time &&
		(!monitor->naming.busy || naming_find(&monitor->naming, record->iova)));
}

/* The first of them; false: not yet. */
static bool on_record(struct monitor *monitor, const struct record *records, unsigned count)
{
	struct inferred inferred = infer(&monitor->inference, records, count);

	if (inferred.undecided && !is_late(monitor, records, UNDECIDED))
		return false;
	if (inferred.imported && !is_named(monitor, records))
		return false;
	inference_note(&monitor->inference, records, &inferred);
	if (inferred.trial && !monitor->options->all)
		monitor->hidden++;
	else
		print_record(monitor, records, &inferred);
	monitor->stale |= (records->kind == RECORD_ATTACH || records->kind == RECORD_DETACH) &&
			  !inferred.trial;
	if (inferred.given_up)
		naming_forget(&monitor->naming, inferred.window);
	return true;
}

static unsigned on_records(const struct record *records, unsigned count, void *data)
{
	struct monitor *monitor = data;
	unsigned done = 0;

	while (done < count && !monitor->met && on_record(monitor, records + done, count - done))
		done++;
	return done;
}

static void read_uevents(struct monitor *monitor)
{
	struct uevent event;
	int rc;

	while (!monitor->met && (rc = uevent_read(monitor->uevents, &event)) != -EAGAIN) {
		struct subject subject = { .devices = { event.device } };
		int kind = KIND_BIND;

		if (rc) {
			print_lost(monitor, clock_now(), 1, "uevents");
			continue;
		}
		while (kind <= KIND_CHANGE && strcmp(event.action, kind_names[kind]) != 0)
			kind++;
		if (strcmp(event.subsystem, "pci") != 0 || kind > KIND_CHANGE ||
		    !begin(monitor, kind, clock_now(), &subject))
			continue;
		event_text(monitor->event, "device", event.device);
		event_text(monitor->event, "driver", event.driver);
		end(monitor);
	}
}

static void read_faults(struct monitor *monitor)
{
	struct fault fault;

	while (!monitor->met && !fault_next(monitor->faults, &fault)) {
		const struct named_window *window =
			naming_find_address(&monitor->naming, fault.address);
		struct pci_name device = { 0 };
		struct subject subject;

		pci_parse_name(fault.device, &device);
		subject = subject_of(window, device.bdf);
		if (!begin(monitor, KIND_FAULT, clock_now(), &subject))
			continue;
		event_address(monitor->event, "address", fault.address);
		event_text(monitor->event, "mapping", window ? window->mapping : NULL);
		event_text(monitor->event, "device", device.bdf);
		event_text(monitor->event, "message", fault.line);
		end(monitor);
	}
}

static void on_context(const char *name, bool started, void *data)
{
	struct subject subject = { .context = name };
	struct monitor *monitor = data;

	monitor->stale = true;
	if (monitor->met || !begin(monitor, started ? KIND_CONTEXT_START : KIND_CONTEXT_STOP,
				   clock_now(), &subject))
		return;
	event_text(monitor->event, "context", name);
	end(monitor);
}

static int read_all(struct monitor *monitor)
{
	int rc;

	monitor->now = clock_now();
	if (monitor->uevents)
		read_uevents(monitor);
	if (monitor->faults >= 0)
		read_faults(monitor);
	if (monitor->contexts.fd >= 0)
		context_watch_read(&monitor->contexts, on_context, monitor);
	do
		rc = stream_read(&monitor->stream, on_records, monitor);
	while (rc > 0 && !monitor->met);
	if (rc < 0)
		return rc;
	if (monitor->stale && !monitor->stream.count && !is_ending(monitor) &&
	    monitor->now - monitor->asked >= LEARN_EVERY)
		learn(monitor);
	return event_flush(monitor->event);
}

static bool is_pending(const struct monitor *monitor)
{
	return monitor->stream.count || monitor->stale;
}

/* Until when to wait when nothing happens, in poll()'s terms. */
static int wait_ms(const struct monitor *monitor)
{
	uint64_t left = monitor->end - monitor->now;

	if (is_pending(monitor) && left > READ_EVERY)
		left = READ_EVERY;
	if (monitor->end == UINT64_MAX && !is_pending(monitor))
		return -1;
	left = (left + MILLISECOND - 1) / MILLISECOND;
	return left < 1000000 ? left : 1000000;
}

/* Until a signal, the event that is waited for, the end, or nobody reads what is printed. */
static int watch(struct monitor *monitor)
{
	enum { SIGNALS, OUTPUT, STREAM, UEVENTS, FAULTS, CONTEXTS, SOURCES };
	struct pollfd sources[SOURCES] = {
		[SIGNALS] = { .fd = monitor->signals, .events = POLLIN },
		[OUTPUT] = { .fd = STDOUT_FILENO },
		[STREAM] = { .fd = monitor->stream.ready, .events = POLLIN },
		[UEVENTS] = { .fd = monitor->uevents ? uevent_fd(monitor->uevents) : -1,
			      .events = POLLIN },
		[FAULTS] = { .fd = monitor->faults, .events = POLLIN },
		[CONTEXTS] = { .fd = monitor->contexts.fd, .events = POLLIN },
	};
	struct signalfd_siginfo signal;
	int rc = 0;

	while (!rc && !monitor->met && !is_ending(monitor)) {
		uint64_t rest;

		if (poll(sources, SOURCES, wait_ms(monitor)) < 0 && errno != EINTR)
			return -errno;
		if (sources[OUTPUT].revents & POLLERR)
			return -EPIPE;
		if (sources[SIGNALS].revents)
			break;
		rc = read_all(monitor);
		rest = stream_rest(&monitor->stream, READ_EVERY, READ_AT_LEAST_EVERY);
		if (rc || monitor->met || is_ending(monitor))
			continue;
		if (rest > monitor->end - monitor->now)
			rest = monitor->end - monitor->now;
		/* More comes meanwhile; a signal ends this wait too. */
		poll(sources, STREAM, rest / MILLISECOND);
		monitor->now = clock_now();
	}
	if (rc || monitor->met)
		return rc;
	/* What happened before the end. A signal that is pending would end every wait, too. */
	while (read(monitor->signals, &signal, sizeof(signal)) > 0)
		;
	monitor->end = monitor->now = clock_now();
	learn(monitor);
	return read_all(monitor);
}

/* What this kernel does not let us see. */
static unsigned unseen(const struct monitor *monitor)
{
	unsigned kinds = 0;

	for (int kind = KIND_MAP; kind <= KIND_PUT; kind++)
		kinds |= !monitor->stream.sees[kind] << kind;
	kinds |= !monitor->stream.sees[RECORD_INVALIDATE] << KIND_REVOKED;
	kinds |= (monitor->faults < 0) << KIND_FAULT;
	for (int kind = KIND_BIND; kind <= KIND_CHANGE; kind++)
		kinds |= !monitor->uevents << kind;
	if (monitor->contexts.fd < 0)
		kinds |= 1u << KIND_CONTEXT_START | 1u << KIND_CONTEXT_STOP;
	return kinds;
}

/* "put, revoked" */
static void list_kinds(char list[256], unsigned kinds)
{
	*list = '\0';
	for (int kind = 0; kind < KINDS; kind++)
		if (kinds & 1u << kind)
			strcat(strcat(list, *list ? ", " : ""), kind_names[kind]);
}

static const char *why_unseen(unsigned kinds)
{
	if (kinds & (1u << KIND_EXPORT | 1u << KIND_ATTACH | 1u << KIND_DETACH | 1u << KIND_PUT |
		     1u << KIND_REVOKED))
		return "that takes the kernel's dma_buf events (Linux 7.0) or kprobe events, its "
		       "BTF, and libbpf";
	if (kinds & 1u << KIND_FAULT)
		return "the kernel log cannot be read";
	return "the kernel does not let us watch them";
}

static enum status check_sight(const struct monitor *monitor)
{
	unsigned kinds = unseen(monitor) & (monitor->until ? monitor->until : monitor->wanted);
	char list[256];

	list_kinds(list, kinds);
	if (kinds & monitor->until) {
		fail(STATUS_UNSUPPORTED, 0, "monitor --until %s", list);
		fail_because("it cannot be seen: %s", why_unseen(kinds));
		return STATUS_UNSUPPORTED;
	}
	if (kinds)
		fprintf(stderr, "dmabufctl: monitor: %s cannot be seen: %s\n", list,
			why_unseen(kinds));
	return STATUS_OK;
}

static void print_begin(struct monitor *monitor)
{
	monitor->now = clock_now();
	monitor->events++;
	event_begin(monitor->event, monitor->now, "begin");
	end(monitor);
	event_flush(monitor->event);
}

static void print_end(struct monitor *monitor)
{
	struct event *event = monitor->event;

	event_begin(event, clock_now(), "end");
	event_number(event, "events", monitor->events);
	event_number(event, "hidden", monitor->hidden);
	event_number(event, "lost", monitor->lost);
	end(monitor);
	event_flush(event);
}

static enum status unobserved(const struct monitor *monitor)
{
	fail(STATUS_UNOBSERVED, 0, "monitor --until %s", monitor->options->until);
	fail_because("it was not seen");
	return STATUS_UNOBSERVED;
}

/* *broken: whoever read the output is gone. */
static enum status monitor_events(struct monitor *monitor, bool *broken)
{
	const struct option_time *duration = &monitor->options->duration;
	enum status status = check_sight(monitor);
	int rc;

	if (status)
		return status;
	monitor->now = clock_now();
	learn(monitor);
	print_begin(monitor);
	if (duration->given)
		monitor->end = monitor->now + duration->ns;
	rc = watch(monitor);
	*broken = rc == -EPIPE;
	if (*broken)
		return STATUS_FAILED;
	print_end(monitor);
	if (rc)
		return fail_errno(rc, "monitor");
	return monitor->until && !monitor->met ? unobserved(monitor) : STATUS_OK;
}

static int watch_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void close_all(struct monitor *monitor)
{
	stream_close(&monitor->stream);
	if (monitor->uevents)
		uevent_close(monitor->uevents);
	if (monitor->faults >= 0)
		close(monitor->faults);
	context_watch_close(&monitor->contexts);
	naming_free(&monitor->naming);
	close(monitor->signals);
}

static enum status cannot_open(int error)
{
	enum status status = fail_errno(error, "monitor");

	if (error == -ENOENT) {
		fail_because("tracefs, or its iommu events, are not there");
		fail_try("mount -t tracefs tracefs /sys/kernel/tracing");
		return fail_status(STATUS_UNSUPPORTED);
	}
	if (error == -EACCES || error == -EPERM)
		fail_try("run as root");
	return status;
}

/* "map,unmap"; none given: NULL, and nothing is set. */
static unsigned parse_kinds(const char *text)
{
	unsigned kinds = 0;

	for (const char *name = text; name;) {
		size_t length = strcspn(name, ",");

		for (int kind = 0; kind < KINDS; kind++)
			if (strlen(kind_names[kind]) == length &&
			    !strncasecmp(kind_names[kind], name, length))
				kinds |= 1u << kind;
		name = name[length] ? name + length + 1 : NULL;
	}
	return kinds;
}

static enum status parse_options(struct monitor *monitor)
{
	const struct monitor_options *options = monitor->options;

	monitor->until = parse_kinds(options->until);
	monitor->wanted = options->events ? parse_kinds(options->events) : (1u << KINDS) - 1;
	if (options->device && pci_parse_name(options->device, &monitor->device)) {
		fail(STATUS_USAGE, 0, "option --device: '%s'", options->device);
		fail_because("not a device's name");
		fail_try("give it as 0000:01:00.0 or 01:00.0");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	static struct event event;
	struct monitor monitor = {
		.call = call,
		.options = call->options,
		.end = UINT64_MAX,
		.event = &event,
	};
	enum status status = parse_options(&monitor);
	bool broken = false;
	void (*before)(int);
	int rc;

	if (status)
		return status;
	/* Whatever ends it, the instance is removed first. */
	monitor.signals = watch_signals();
	if (monitor.signals < 0)
		return fail_errno(-errno, "monitor");
	before = signal(SIGPIPE, SIG_IGN);
	rc = stream_open(&monitor.stream, INSTANCE_PREFIX);
	if (rc)
		return cannot_open(rc);
	event_start(&event, call->globals->json, "monitor");
	monitor.uevents = uevent_open();
	monitor.faults = fault_watch();
	context_watch_open(&monitor.contexts);
	status = monitor_events(&monitor, &broken);
	close_all(&monitor);
	signal(SIGPIPE, before);
	if (!broken)
		return status;
	raise(SIGPIPE);
	return fail_errno(-EPIPE, "monitor");
}

static const char *kind_name(unsigned index)
{
	return index < KINDS ? kind_names[index] : NULL;
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
		"detach, put (the last), revoked (inferred), fault, bind, unbind, add, remove, change,\n"
		"context-start, context-stop, lost, and end. Times are CLOCK_MONOTONIC. --context:\n"
		"only what belongs to that context. Ends on SIGINT, SIGTERM and SIGHUP.",
	.options = options,
	.options_size = sizeof(struct monitor_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_NONE,
	.alone = true,
	.streams = true, /* events, as they come */
	.run = run,
};
