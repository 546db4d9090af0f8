// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/mapcalls.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <tracefs.h>
#include <unistd.h>

#include "kernel/library.h"
#include "kernel/probe.h"

#define TRACEFS_FUNCTIONS(each) \
	each(tracefs_instance_file_append) each(tracefs_system_events) each(tracefs_list_free)
LIBRARY("libtracefs.so.1", TRACEFS_FUNCTIONS);

static int write_probe(const char *line)
{
	errno = 0;
	if (lib.tracefs_instance_file_append(NULL, "kprobe_events", line) >= 0)
		return 0;
	return errno ? -errno : -EOPNOTSUPP;
}

/* An event of its own, so that two processes do not take each other's away. */
static int add_event(struct map_calls_kind *kind, const char *function)
{
	char line[200];

	snprintf(line, sizeof(line),
		 "p:" PROBE_SYSTEM "/%s %s iova=$arg2:u64 paddr=$arg3:u64 size=$arg4:u64 "
		 "prot=$arg5:s32\n",
		 kind->event, function);
	return write_probe(line);
}

static int add_event_of(struct map_calls_kind *kind, enum map_caller caller)
{
	if (caller == MAP_CALLER_DMA_API && !add_event(kind, "iommu_map_nosync"))
		return 0;
	return add_event(kind, "iommu_map");
}

static int filter_event(struct map_calls_kind *kind, const char * not, enum map_bit bit)
{
	char file[100], filter[100];

	snprintf(file, sizeof(file), "events/" PROBE_SYSTEM "/%s/filter", kind->event);
	snprintf(filter, sizeof(filter), "common_pid == %d && %s(prot & %d)", getpid(), not, bit);
	return instance_write(&kind->instance, file, filter);
}

static void instance_name(char name[64], const char *event)
{
	snprintf(name, 64, "dmabufctl-%s", event);
}

static int watch(struct map_calls_kind *kind, enum map_caller caller, const char * not,
		 enum map_bit bit)
{
	char instance[64];
	int rc;

	snprintf(kind->event, sizeof(kind->event), "map_%s_%d", *not ? "without" : "with",
		 getpid());
	instance_name(instance, kind->event);
	rc = add_event_of(kind, caller);
	if (!rc)
		rc = instance_create(&kind->instance, instance, 64);
	if (!rc)
		rc = filter_event(kind, not, bit);
	if (!rc)
		rc = instance_learn(&kind->instance, RECORD_MAP, PROBE_SYSTEM, kind->event);
	if (!rc)
		rc = instance_enable(&kind->instance, PROBE_SYSTEM, kind->event);
	return rc ? rc : instance_open_rings(&kind->instance);
}

int map_calls_watch(struct map_calls *calls, enum map_caller caller, enum map_bit bit)
{
	int rc = instance_available();

	*calls = (struct map_calls){ 0 };
	if (!rc && !library_load(&library))
		rc = -ELIBACC;
	if (!rc)
		rc = watch(&calls->with, caller, "", bit);
	if (!rc)
		rc = watch(&calls->without, caller, "!", bit);
	return rc;
}

static void visit(const struct record *record, void *data)
{
	struct map_calls_kind *kind = data;

	kind->count += range_common(record->iova, kind->window) != 0;
}

static int count(struct map_calls_kind *kind, struct range window)
{
	int rc = 0;

	kind->window = window;
	kind->count = 0;
	for (unsigned i = 0; rc >= 0 && i < kind->instance.ring_count; i++)
		do
			rc = instance_read(&kind->instance, &kind->instance.rings[i], visit, kind);
		while (rc > 0);
	return rc < 0 ? rc : 0;
}

int map_calls_count(struct map_calls *calls, struct range window, unsigned *with, unsigned *without)
{
	int rc = count(&calls->with, window);

	if (!rc)
		rc = count(&calls->without, window);
	*with = calls->with.count;
	*without = calls->without.count;
	return rc;
}

static void remove_event(const char *event)
{
	char instance[64], line[64];

	instance_name(instance, event);
	instance_remove(instance);
	snprintf(line, sizeof(line), "-:" PROBE_SYSTEM "/%s\n", event);
	write_probe(line);
}

static void end(struct map_calls_kind *kind)
{
	if (!*kind->event)
		return;
	instance_close(&kind->instance);
	remove_event(kind->event);
}

void map_calls_end(struct map_calls *calls)
{
	end(&calls->with);
	end(&calls->without);
}

/* The process that made the event has ended. */
static bool is_left(const char *event)
{
	int pid;

	return sscanf(event, "map_%*[a-z]_%d", &pid) == 1 && kill(pid, 0) && errno == ESRCH;
}

void map_calls_sweep(void)
{
	char **events = library_load(&library) ? lib.tracefs_system_events(NULL, PROBE_SYSTEM) :
						 NULL;

	for (char **event = events; event && *event; event++)
		if (is_left(*event))
			remove_event(*event);
	if (events)
		lib.tracefs_list_free(events);
}
