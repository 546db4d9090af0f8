// SPDX-License-Identifier: GPL-2.0-only
/* What monitor watches, and the loop that reads it and has it printed. */
#include "cmd/monitor/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/monitor/timing.h"
#include "util/clock.h"

#define INSTANCE_PREFIX "dmabufctl.monitor-"
#define LOWEST_PRIORITY 19

static struct moment moment_of(const struct watch *watch)
{
	return (struct moment){
		.now = watch->now,
		.end = watch->end,
		.read = watch->stream.horizon,
		.asking = watch->asking,
		.learnt = watch->naming.learnt,
		.busy = watch->naming.busy,
	};
}

static bool is_over(const struct watch *watch)
{
	struct moment moment = moment_of(watch);

	return watch->printer->met || is_ending(&moment);
}

static void learn(struct watch *watch)
{
	struct moment moment = moment_of(watch);

	naming_learn(&watch->naming, needs_old_names(&moment, watch->stream.count));
	watch->now = clock_now();
	watch->asking = watch->now - watch->naming.learnt;
	watch->stale = watch->naming.busy;
}

/* Whether a name decides how it is printed, or whether, and whether there is one. */
static struct needs needs_of(const struct watch *watch, const struct record *record,
			     const struct inferred *inferred)
{
	const char *context = watch->printer->filter->context;
	struct needs needs = {
		.undecided = inferred->undecided,
		.readings = watch->stream.readings - record->reading,
	};

	if (record->kind == RECORD_MAP) {
		needs.name = inferred->imported;
		needs.found = needs.name && naming_find(&watch->naming, record->time, record->iova,
							inferred->inode);
	} else if (record->inode && context) {
		needs.name = !inferred->trial;
		needs.found = naming_has_dmabuf(&watch->naming, context, record->inode);
	}
	return needs;
}

static bool is_ready(struct watch *watch, const struct record *record,
		     const struct inferred *inferred)
{
	struct needs needs = needs_of(watch, record, inferred);
	struct moment moment;
	enum readiness readiness;

	if (!needs.undecided && !needs.name) /* nearly all of them */
		return true;
	moment = moment_of(watch);
	readiness = when_ready(&moment, record->time, &needs);
	if (readiness != READY_WHEN_ASKED)
		return readiness == READY;
	learn(watch);
	needs = needs_of(watch, record, inferred);
	moment = moment_of(watch);
	return when_ready(&moment, record->time, &needs) == READY;
}

static bool find_memory(struct watch *watch, uint64_t memory, struct bar_place *place)
{
	if (!watch->has_bars)
		bars_read(&watch->bars);
	watch->has_bars = true;
	return bars_find(&watch->bars, memory, place);
}

/* Whether it is about a BAR, as far as that was seen; *place is that. */
static bool find_place(struct watch *watch, const struct record *record, struct bar_place *place)
{
	switch (record->kind) {
	case RECORD_MAP:
	case RECORD_EXPORT:
		return find_memory(watch, record->memory, place);
	case RECORD_UNMAP:
		return placements_find(&watch->placements, record->iova, place);
	case RECORD_ATTACH:
	case RECORD_DETACH:
	case RECORD_PUT:
		return exported_find(&watch->exported, record->inode, place);
	default:
		return false;
	}
}

/* What is exported, and mapped where, from then on. */
static void note_place(struct watch *watch, const struct record *record,
		       const struct bar_place *place)
{
	if (record->kind == RECORD_MAP && place)
		placements_add(&watch->placements, record->iova, place);
	if (record->kind == RECORD_UNMAP)
		placements_remove(&watch->placements, record->iova);
	if (record->kind == RECORD_LOST)
		placements_free(&watch->placements);
	if (record->kind == RECORD_EXPORT && place)
		exported_add(&watch->exported, record->inode, place);
	if (record->kind == RECORD_PUT)
		exported_remove(&watch->exported, record->inode);
}

/* What the names are from then on. */
static void note_change(struct watch *watch, const struct record *record,
			const struct inferred *inferred)
{
	if ((record->kind == RECORD_ATTACH || record->kind == RECORD_DETACH) && !inferred->trial)
		watch->stale = true;
	if (inferred->given_up)
		naming_forget(&watch->naming, record->time, inferred->window, inferred->inode);
	if (record->kind == RECORD_PUT)
		naming_forget_dmabuf(&watch->naming, record->inode);
}

/* The first of them; false: not yet. */
static bool on_record(struct watch *watch, const struct record *records, unsigned count)
{
	struct inferred inferred = infer(&watch->inference, records, count);
	struct bar_place found;
	const struct bar_place *place;

	if (!is_ready(watch, records, &inferred))
		return false;
	place = find_place(watch, records, &found) ? &found : NULL;
	inference_note(&watch->inference, records, &inferred);
	if (inferred.trial && !watch->all)
		watch->printer->hidden++;
	else
		print_record(watch->printer, records, &inferred, place);
	note_place(watch, records, place);
	note_change(watch, records, &inferred);
	return true;
}

static unsigned on_records(const struct record *records, unsigned count, void *data)
{
	struct watch *watch = data;
	unsigned done = 0;

	while (done < count && !watch->printer->met &&
	       on_record(watch, records + done, count - done))
		done++;
	return done;
}

static void see_revocations(struct watch *watch)
{
	stream_see_revocations(&watch->stream);
	watch->printer->told = watch->stream.sees[RECORD_REVOKED];
}

static void leave_revocations(struct watch *watch)
{
	stream_leave_revocations(&watch->stream);
	watch->printer->told = false;
}

/* The programs end with a module that they are in; those that are in place stay. */
static void on_module(struct watch *watch, const struct uevent *event)
{
	if (!revocations_are_in(event->device))
		return;
	if (!strcmp(event->action, "remove"))
		leave_revocations(watch);
	else if (!strcmp(event->action, "add"))
		see_revocations(watch);
}

static void on_uevent(struct watch *watch, const struct uevent *event)
{
	print_uevent(watch->printer, clock_now(), event);
	if (!strcmp(event->subsystem, "module"))
		on_module(watch, event);
	/* They may have moved; "bind" comes often, and moves none. */
	if (!strcmp(event->subsystem, "pci") &&
	    (!strcmp(event->action, "add") || !strcmp(event->action, "remove")))
		watch->has_bars = false;
}

static void read_uevents(struct watch *watch)
{
	struct uevent event;
	int rc;

	while (!watch->printer->met && (rc = uevent_read(watch->uevents, &event)) != -EAGAIN) {
		if (rc)
			print_lost(watch->printer, clock_now(), 1, "uevents");
		else
			on_uevent(watch, &event);
	}
}

static void read_faults(struct watch *watch)
{
	struct fault fault;

	while (!watch->printer->met && !fault_next(watch->faults, &fault))
		print_fault(watch->printer, clock_now(), &fault);
}

static void on_context(const char *name, bool started, void *data)
{
	struct watch *watch = data;

	watch->stale = true;
	if (!watch->printer->met)
		print_context(watch->printer, clock_now(), name, started);
}

/* What waits may be about something that is new. */
static bool is_behind(const struct watch *watch)
{
	const struct stream *stream = &watch->stream;

	return stream->count && stream->waiting[stream->count - 1].time > watch->naming.learnt;
}

/* What is watched goes first, as long as the rings have room for it. */
static void hurry(struct watch *watch, bool hurries)
{
	if (hurries != watch->hurries)
		setpriority(PRIO_PROCESS, 0, hurries ? watch->priority : LOWEST_PRIORITY);
	watch->hurries = hurries;
}

static int read_stream(struct watch *watch)
{
	struct moment moment = moment_of(watch);
	int rc;

	do {
		rc = stream_read(&watch->stream, on_records, watch);
		hurry(watch, watch->stream.crowded || is_ending(&moment));
	} while (rc > 0 && !watch->printer->met);
	return rc < 0 ? rc : 0;
}

static int read_all(struct watch *watch)
{
	struct moment moment;
	int rc;

	if (watch->uevents)
		read_uevents(watch);
	if (watch->faults >= 0)
		read_faults(watch);
	if (watch->contexts.fd >= 0)
		context_watch_read(&watch->contexts, on_context, watch);
	rc = read_stream(watch);
	if (rc)
		return rc;
	moment = moment_of(watch);
	if ((watch->stale || is_behind(watch)) && may_ask(&moment))
		learn(watch);
	return event_flush(&watch->printer->event);
}

/* As poll(); a signal is no error. */
static int wait_for(struct watch *watch, struct pollfd *sources, unsigned count, int ms)
{
	int rc = poll(sources, count, ms) < 0 && errno != EINTR ? -errno : 0;

	watch->now = clock_now();
	return rc;
}

/* Leaves the rings alone for a while; a signal ends it too. */
static void rest(struct watch *watch, struct pollfd *signals, unsigned count)
{
	uint64_t time = stream_rest(&watch->stream, READ_EVERY, READ_AT_LEAST_EVERY);

	if (time > watch->end - watch->now)
		time = watch->end - watch->now;
	wait_for(watch, signals, count, time / MILLISECOND);
}

static int loop(struct watch *watch)
{
	enum { SIGNALS, OUTPUT, STREAM, UEVENTS, FAULTS, CONTEXTS, SOURCES };
	struct pollfd sources[SOURCES] = {
		[SIGNALS] = { .fd = watch->signals, .events = POLLIN },
		[OUTPUT] = { .fd = STDOUT_FILENO },
		[STREAM] = { .fd = watch->stream.ready, .events = POLLIN },
		[UEVENTS] = { .fd = watch->uevents ? uevent_fd(watch->uevents) : -1,
			      .events = POLLIN },
		[FAULTS] = { .fd = watch->faults, .events = POLLIN },
		[CONTEXTS] = { .fd = watch->contexts.fd, .events = POLLIN },
	};
	int rc = 0;

	while (!rc && !is_over(watch)) {
		struct moment moment = moment_of(watch);

		rc = wait_for(watch, sources, SOURCES,
			      wait_ms(&moment, watch->stream.count || watch->stale));
		if (rc)
			return rc;
		if (sources[OUTPUT].revents & POLLERR)
			return -EPIPE;
		if (sources[SIGNALS].revents)
			break;
		rc = read_all(watch);
		if (!rc && !is_over(watch))
			rest(watch, sources, STREAM);
	}
	return rc;
}

/* What happened before the end. A signal that is pending would end every wait, too. */
static int drain(struct watch *watch)
{
	struct signalfd_siginfo signal;

	while (read(watch->signals, &signal, sizeof(signal)) > 0)
		;
	watch->end = clock_now();
	learn(watch);
	return read_all(watch);
}

int watch_run(struct watch *watch, uint64_t duration)
{
	int rc;

	if (watch->printer->told)
		exported_learn(&watch->exported);
	learn(watch);
	watch->end = duration < UINT64_MAX ? watch->now + duration : UINT64_MAX;
	hurry(watch, false);
	print_begin(watch->printer, watch->now);
	rc = loop(watch);
	if (!rc && !watch->printer->met)
		rc = drain(watch);
	if (rc != -EPIPE)
		print_end(watch->printer, clock_now());
	return rc;
}

struct sight watch_sight(const struct watch *watch)
{
	return (struct sight){
		.records = watch->stream.sees,
		.uevents = watch->uevents != NULL,
		.faults = watch->faults >= 0,
		.contexts = watch->contexts.fd >= 0,
	};
}

static bool is_ignored(int signal)
{
	struct sigaction action;

	return !sigaction(signal, NULL, &action) && action.sa_handler == SIG_IGN;
}

/* A shell's job in the background ignores SIGINT and ends by it all the same; under nohup SIGHUP
 * ends nothing. */
static int watch_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	if (!is_ignored(SIGHUP))
		sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

int watch_open(struct watch *watch)
{
	int rc;

	/* Whatever ends it, the instance is removed first. */
	watch->signals = watch_signals();
	if (watch->signals < 0)
		return -errno;
	rc = stream_open(&watch->stream, INSTANCE_PREFIX);
	if (rc) {
		close(watch->signals);
		return rc;
	}
	watch->priority = getpriority(PRIO_PROCESS, 0);
	watch->hurries = true;
	watch->uevents = uevent_open();
	see_revocations(watch);
	watch->faults = fault_watch();
	context_watch_open(&watch->contexts);
	return 0;
}

void watch_close(struct watch *watch)
{
	stream_close(&watch->stream);
	if (watch->uevents)
		uevent_close(watch->uevents);
	if (watch->faults >= 0)
		close(watch->faults);
	context_watch_close(&watch->contexts);
	naming_free(&watch->naming);
	placements_free(&watch->placements);
	exported_free(&watch->exported);
	bars_free(&watch->bars);
	close(watch->signals);
}
