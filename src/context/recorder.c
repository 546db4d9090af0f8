// SPDX-License-Identifier: GPL-2.0-only
#include "context/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "util/clock.h"

#define PREFIX "dmabufctl-"
#define PRIVATE_PREFIX "dmabufctl.batch-"

static int name_instance(char instance[NAME_SIZE], const char *prefix, const char *suffix)
{
	return snprintf(instance, NAME_SIZE, "%s%s", prefix, suffix) < NAME_SIZE ? 0 :
										   -ENAMETOOLONG;
}

static void start(struct context *context, const char *prefix, const char *suffix, int *hold)
{
	char instance[NAME_SIZE];
	struct object *trace;
	int store;

	if (name_instance(instance, prefix, suffix))
		return;
	store = trace_start(instance, hold);
	if (store < 0)
		return;
	trace = object_new(OBJECT_TRACE, instance, store);
	if (!trace || context_add(context, trace))
		trace_stop(instance);
}

void recorder_start(struct context *context)
{
	char name[32];

	if (context_trace(context))
		return;
	if (!context->private) {
		start(context, PREFIX, context->name, NULL);
		return;
	}
	trace_sweep(PRIVATE_PREFIX);
	/* A PID alone may be that of another namespace's process, too. */
	snprintf(name, sizeof(name), "%d-%llx", getpid(), (unsigned long long)clock_now());
	start(context, PRIVATE_PREFIX, name, &context->hold);
}

void recorder_stop(struct context *context)
{
	const char *private = context->private ? context_trace(context) : NULL;
	char instance[NAME_SIZE];

	if (context->hold >= 0)
		close(context->hold);
	context->hold = -1;
	if (private)
		trace_stop(private);
	else if (!context->private && !name_instance(instance, PREFIX, context->name))
		trace_stop(instance);
}

const char *context_trace(const struct context *context)
{
	const struct object *trace = object_next(&context->objects, OBJECT_TRACE, NULL);

	return trace ? trace->name : NULL;
}

int context_read_trace(struct context *context, struct trace_log *log)
{
	struct object *trace = object_next(&context->objects, OBJECT_TRACE, NULL);
	int store = trace ? context_fd(context, trace) : -ENOENT;

	*log = (struct trace_log){ 0 };
	return store < 0 ? store : trace_read(trace->name, store, log);
}
