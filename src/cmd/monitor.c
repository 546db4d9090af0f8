// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/shared/common.h"
#include "kernel/fault.h"
#include "kernel/stream.h"
#include "kernel/uevent.h"
#include "util/text.h"

#define QUIET_MS 50 /* after which nothing more belongs to what came before */
#define TASKS 64

struct monitor_options {
	struct option_time duration;
	const char *until;
};

static const char *const event_names[] = {
	"map", "unmap",	 "domain",  "export",	     "attach",	     "detach",
	"put", "lost",	 "revoked", "fault",	     "bind",	     "unbind",
	"add", "remove", "change",  "context-start", "context-stop",
};

#define EVENT_NAMES (sizeof(event_names) / sizeof(*event_names))

/* Where a dma-buf is mapped; the name is known once a context could be asked. */
struct window {
	struct range iova;
	char mapping[NAME_SIZE], context[NAME_SIZE];
};

/* What a task did last, to tell revoking from unmapping. */
struct task {
	pid_t pid;
	uint64_t time;
	enum stream_kind last;
	bool leaving; /* a device has just left a domain: what is unmapped next is only that */
	bool pending; /* an unmap of a dma-buf's window, whose reason the next event tells */
	struct window window;
};

struct monitor {
	struct call *call;
	const char *until;
	bool met;
	uint64_t events, lost;
	struct stream stream;
	struct nl_sock *uevents;
	int faults, signals, contexts; /* fds, negative when there are none */
	struct window *windows;
	unsigned window_count;
	bool names_stale;
	struct task tasks[TASKS]; /* by PID */
};

static json_object *new_event(const struct monitor *monitor, uint64_t time, const char *name)
{
	json_object *row = json_object_new_object();

	if (monitor->call->globals->json) {
		put_text(row, "schema", OUTPUT_SCHEMA);
		put_text(row, "command", "monitor");
	}
	put_number(row, "t_ns", time);
	put_text(row, "event", name);
	return row;
}

/* "   12.345678 unmap     map0 (context default) iova=0x... length=4096" */
static void print_for_people(json_object *row)
{
	uint64_t time = json_object_get_uint64(json_object_object_get(row, "t_ns"));

	printf("%8llu.%06llu %-13s", (unsigned long long)time / 1000000000,
	       (unsigned long long)time / 1000 % 1000000, text_of(row, "event"));
	json_object_object_foreach(row, key, value)
	{
		if (value && strcmp(key, "t_ns") && strcmp(key, "event")) {
			printf(" %s=", key);
			text_print(stdout, json_object_get_string(value));
		}
	}
	putchar('\n');
}

/* Prints the event, and notes whether it is the one that is waited for. */
static void emit(struct monitor *monitor, json_object *row)
{
	monitor->events++;
	if (monitor->until && !strcmp(text_of(row, "event"), monitor->until))
		monitor->met = true;
	if (monitor->call->globals->json)
		output_json(row, NULL);
	else
		print_for_people(row);
	json_object_put(row);
}

static struct window *find_window(struct monitor *monitor, struct range iova)
{
	for (unsigned i = 0; i < monitor->window_count; i++)
		if (monitor->windows[i].iova.offset == iova.offset &&
		    monitor->windows[i].iova.length == iova.length)
			return &monitor->windows[i];
	return NULL;
}

static struct window *add_window(struct monitor *monitor, struct range iova)
{
	struct window *window = find_window(monitor, iova), *bigger;

	if (window)
		return window;
	bigger = realloc(monitor->windows, (monitor->window_count + 1) * sizeof(*bigger));
	if (!bigger)
		return NULL;
	monitor->windows = bigger;
	window = &bigger[monitor->window_count++];
	*window = (struct window){ .iova = iova };
	return window;
}

static void forget_window(struct monitor *monitor, struct range iova)
{
	struct window *window = find_window(monitor, iova);

	if (window && !*window->mapping)
		*window = monitor->windows[--monitor->window_count];
}

/* Returns whether it could be asked. */
static bool learn_context(struct monitor *monitor, const char *name)
{
	struct context context;

	if (context_look(&context, name))
		return false;
	for_each_object(mapping, &context.objects, OBJECT_MAPPING) {
		struct window *window = add_window(monitor, mapping->mapping.iova);

		if (!window)
			break;
		strcpy(window->mapping, mapping->name);
		strcpy(window->context, name);
	}
	context_close(&context);
	return true;
}

/* A context in which a command works is asked when things are quiet again. */
static void learn_names(struct monitor *monitor)
{
	auto_free struct context_summary *contexts = NULL;
	unsigned count = 0;

	monitor->names_stale = false;
	context_list(&contexts, &count);
	for (unsigned i = 0; i < count; i++)
		if (!learn_context(monitor, contexts[i].name))
			monitor->names_stale = true;
}

static void put_window(json_object *row, const struct window *window)
{
	put_text(row, "mapping", window->mapping);
	put_text(row, "context", window->context);
	put_address(row, "iova", window->iova.offset);
	put_number(row, "length", window->iova.length);
}

/*
 * User space unmaps a dma-buf and then lets go of it; a device that leaves a domain is announced
 * before. An unmap that is neither was done by the exporter.
 */
static void settle(struct monitor *monitor, struct task *task, enum stream_kind next)
{
	json_object *row;

	if (!task->pending)
		return;
	task->pending = false;
	if (next == STREAM_DETACH)
		return;
	row = new_event(monitor, task->time, "revoked");
	put_window(row, &task->window);
	put_text(row, "inferred_from", "unmapped, and neither let go of nor left by a device");
	emit(monitor, row);
}

static struct task *task_of(struct monitor *monitor, const struct stream_event *event)
{
	struct task *task = &monitor->tasks[event->pid % TASKS];

	if (task->pid != event->pid || event->time - task->time > QUIET_MS * 1000000ull) {
		settle(monitor, task, STREAM_LOST);
		*task = (struct task){ .pid = event->pid, .last = STREAM_LOST };
	}
	return task;
}

static void settle_all(struct monitor *monitor)
{
	for (unsigned i = 0; i < TASKS; i++)
		settle(monitor, &monitor->tasks[i], STREAM_LOST);
}

static void note_task(struct monitor *monitor, struct task *task, const struct stream_event *event,
		      const struct window *window)
{
	settle(monitor, task, event->kind);
	if (event->kind == STREAM_DOMAIN)
		task->leaving = true;
	else if (event->kind != STREAM_UNMAP)
		task->leaving = false;
	if (event->kind == STREAM_UNMAP && window && !task->leaving && monitor->stream.dma_buf) {
		task->pending = true;
		task->window = *window;
	}
	task->last = event->kind;
	task->time = event->time;
}

static void on_trace(const struct stream_event *event, void *data)
{
	struct monitor *monitor = data;
	bool maps = event->kind == STREAM_MAP || event->kind == STREAM_UNMAP;
	struct window *window = maps ? find_window(monitor, event->iova) : NULL;
	struct window plain = { .iova = event->iova };
	struct task *task = task_of(monitor, event);
	json_object *row = new_event(monitor,
				     event->kind == STREAM_LOST ? trace_now() : event->time,
				     event_names[event->kind]);

	if (event->kind == STREAM_LOST) {
		put_number(row, "count", event->count);
		monitor->lost += event->count;
		emit(monitor, row);
		return;
	}
	/* What is mapped right after a dma-buf was attached is that. */
	if (event->kind == STREAM_MAP && !window && task->last == STREAM_ATTACH) {
		window = add_window(monitor, event->iova);
		monitor->names_stale = true;
	}
	note_task(monitor, task, event, window);
	if (monitor->met) { /* what comes after is not asked for */
		json_object_put(row);
		return;
	}
	if (maps) {
		put_window(row, window ? window : &plain);
	} else if (event->kind != STREAM_DOMAIN) {
		put_number(row, "inode", event->inode);
		put_number(row, "size", event->size);
		put_text(row, "exporter", event->text);
	}
	put_text(row, "device", event->device);
	put_number(row, "pid", event->pid);
	emit(monitor, row);
	if (event->kind == STREAM_UNMAP && window)
		forget_window(monitor, event->iova);
}

static void read_uevents(struct monitor *monitor)
{
	struct uevent event;
	int rc;

	while ((rc = uevent_read(monitor->uevents, &event)) != -EAGAIN) {
		json_object *row;

		if (rc) {
			row = new_event(monitor, trace_now(), "lost");
			put_text(row, "detail", "uevents");
			monitor->lost++;
		} else if (strcmp(event.subsystem, "pci")) {
			continue;
		} else {
			row = new_event(monitor, trace_now(), event.action);
			put_text(row, "device", event.device);
			put_text(row, "driver", event.driver);
		}
		emit(monitor, row);
	}
}

static void read_faults(struct monitor *monitor)
{
	struct fault fault;

	while (!fault_next(monitor->faults, &fault)) {
		json_object *row = new_event(monitor, trace_now(), "fault");

		put_address(row, "address", fault.address);
		for (unsigned i = 0; i < monitor->window_count; i++)
			if (fault.address - monitor->windows[i].iova.offset <
			    monitor->windows[i].iova.length)
				put_text(row, "mapping", monitor->windows[i].mapping);
		put_text(row, "message", fault.line);
		emit(monitor, row);
	}
}

/* Holders come and go with their sockets. */
static void read_contexts(struct monitor *monitor)
{
	_Alignas(struct inotify_event) char buffer[4096];
	ssize_t got = read(monitor->contexts, buffer, sizeof(buffer));

	for (ssize_t at = 0; at < got;) {
		const struct inotify_event *event = (void *)(buffer + at);
		char name[NAME_SIZE];

		at += sizeof(*event) + event->len;
		if (!runtime_is_socket(event->name, name, sizeof(name)))
			continue;
		json_object *row =
			new_event(monitor, trace_now(),
				  event->mask & IN_CREATE ? "context-start" : "context-stop");
		put_text(row, "context", name);
		emit(monitor, row);
		monitor->names_stale = true;
	}
}

static void watch_contexts(struct monitor *monitor)
{
	char folder[256];

	monitor->contexts = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (!context_folder(folder, sizeof(folder)))
		inotify_add_watch(monitor->contexts, folder, IN_CREATE | IN_DELETE);
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

/* Until a signal, the event that is waited for, or the end. */
static int watch(struct monitor *monitor, uint64_t end)
{
	struct pollfd events[] = {
		{ .fd = monitor->signals, .events = POLLIN },
		{ .fd = monitor->stream.pipe, .events = POLLIN },
		{ .fd = monitor->uevents ? uevent_fd(monitor->uevents) : -1, .events = POLLIN },
		{ .fd = monitor->faults, .events = POLLIN },
		{ .fd = monitor->contexts, .events = POLLIN },
	};

	while (!monitor->met && trace_now() < end) {
		int ready = poll(events, sizeof(events) / sizeof(*events), QUIET_MS), rc;

		if (ready < 0 && errno != EINTR)
			return -errno;
		rc = stream_read(&monitor->stream, on_trace, monitor);
		if (rc)
			return rc;
		if (events[2].revents)
			read_uevents(monitor);
		if (events[3].revents)
			read_faults(monitor);
		if (events[4].revents)
			read_contexts(monitor);
		if (!ready) {
			settle_all(monitor);
			if (monitor->names_stale)
				learn_names(monitor);
		}
		if (fflush(stdout))
			return -errno;
		if (events[0].revents)
			break;
	}
	settle_all(monitor);
	return 0;
}

static void emit_end(struct monitor *monitor)
{
	uint64_t events = monitor->events;
	json_object *row = new_event(monitor, trace_now(), "end");

	put_number(row, "events", events);
	put_number(row, "lost", monitor->lost);
	emit(monitor, row);
}

static const char *event_name(unsigned index)
{
	return index < EVENT_NAMES ? event_names[index] : NULL;
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

static enum status monitor_events(struct monitor *monitor, const struct monitor_options *options)
{
	uint64_t end = options->duration.given ? trace_now() + options->duration.ns : UINT64_MAX;
	int rc;

	monitor->uevents = uevent_open();
	monitor->faults = fault_watch();
	monitor->signals = watch_signals();
	watch_contexts(monitor);
	learn_names(monitor);
	if (!monitor->stream.dma_buf)
		fprintf(stderr, "dmabufctl: monitor: this kernel has no dma_buf events (7.0 has): "
				"export, attach, detach, put and revoked cannot be seen\n");
	rc = watch(monitor, end);
	emit_end(monitor);
	if (monitor->uevents)
		uevent_close(monitor->uevents);
	close(monitor->faults);
	close(monitor->signals);
	close(monitor->contexts);
	free(monitor->windows);
	if (rc)
		return fail_errno(rc, "monitor");
	if (!monitor->until || monitor->met)
		return STATUS_OK;
	fail(STATUS_UNOBSERVED, 0, "monitor --until %s", monitor->until);
	fail_because("it was not seen");
	return STATUS_UNOBSERVED;
}

static enum status run(struct call *call)
{
	const struct monitor_options *options = call->options;
	struct monitor monitor = { .call = call, .until = options->until };
	enum status status;
	int rc;

	rc = stream_open(&monitor.stream);
	if (rc)
		return cannot_open(rc);
	/* Events are printed as they come; there is no result at the end. */
	json_object_put(call->result);
	call->result = NULL;
	status = monitor_events(&monitor, options);
	stream_close(&monitor.stream);
	return status;
}

static const struct option_entry options[] = {
	OPT_SECONDS(struct monitor_options, duration, "for", "SECONDS", "end after that time"),
	OPT_CHOICE(struct monitor_options, until, "until", 0, "EVENT", event_name,
		   "end with the first of these: exit status 0, or 6 when it did not come"),
	{ 0 },
};

const struct command cmd_monitor = {
	.name = "monitor",
	.arguments = "",
	.summary = "print what happens to mappings, dma-bufs and devices, as it happens",
	.description =
		"A line an event, with --json an object: map, unmap, domain, export, attach, detach,\n"
		"put, revoked (inferred), fault, bind, unbind, add, remove, change, context-start,\n"
		"context-stop, lost, and end. Times are CLOCK_MONOTONIC. Ends on SIGINT and SIGTERM.",
	.options = options,
	.options_size = sizeof(struct monitor_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_NONE,
	.alone = true,
	.run = run,
};
