// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/trace.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tracefs.h>
#include <unistd.h>

/* Per CPU. An event takes about 60 bytes, so this holds a thousand of them and more. */
#define BUFFER_KIB "64"

uint64_t trace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* tracefs_tracing_dir() would mount it; whether it is there is the machine's business. */
static const char *tracing_dir(void)
{
	auto_free char *mounts = NULL;

	if (sys_read_file("/proc/self/mounts", &mounts) || !strstr(mounts, " tracefs "))
		return NULL;
	return tracefs_tracing_dir();
}

int trace_available(void)
{
	const char *root = tracing_dir();
	char path[PATH_MAX];

	if (!root)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/events/iommu/unmap", root);
	if (access(path, F_OK))
		return -errno;
	snprintf(path, sizeof(path), "%s/instances", root);
	return access(path, W_OK) ? -errno : 0;
}

int trace_stop(const char *instance)
{
	struct tracefs_instance *handle;
	int rc;

	if (trace_available() || !tracefs_instance_exists(instance))
		return 0;
	handle = tracefs_instance_create(instance);
	if (!handle)
		return -errno;
	rc = tracefs_instance_destroy(handle) ? -errno : 0;
	tracefs_instance_free(handle);
	return rc;
}

int trace_start(const char *instance)
{
	struct tracefs_instance *handle;
	int rc = trace_available();

	if (!rc)
		rc = trace_stop(instance);
	if (rc)
		return rc;
	handle = tracefs_instance_create(instance);
	if (!handle)
		return -errno;
	if (tracefs_instance_file_write(handle, "trace_clock", "mono") < 0 ||
	    tracefs_instance_file_write(handle, "buffer_size_kb", BUFFER_KIB) < 0 ||
	    tracefs_event_enable(handle, "iommu", "map") ||
	    tracefs_event_enable(handle, "iommu", "unmap")) {
		rc = errno ? -errno : -EIO;
		tracefs_instance_destroy(handle);
	}
	tracefs_instance_free(handle);
	return rc;
}

/* "  comm-123 [000] ..... 12.345678: unmap: IOMMU: iova=0x... - 0x... size=4096 ..." */
static bool parse_event(const char *line, struct trace_event *event)
{
	const char *body = strstr(line, "map: IOMMU: iova=");
	unsigned long long seconds, micro, first, end;
	const char *time;

	if (!body || sscanf(body, "map: IOMMU: iova=%llx - %llx", &first, &end) != 2)
		return false;
	event->unmap = body - line > 2 && !strncmp(body - 2, "un", 2);
	/* Backwards over "un" and ": " to the start of the time. */
	time = body - (event->unmap ? 4 : 2);
	while (time > line && time[-1] != ' ')
		time--;
	if (sscanf(time, "%llu.%llu", &seconds, &micro) != 2)
		return false;
	event->time = seconds * 1000000000ull + micro * 1000;
	event->iova = (struct range){ .offset = first, .length = end - first };
	return true;
}

static bool lost_events(struct tracefs_instance *handle)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	bool lost = false;

	for (long cpu = 0; cpu < cpus && !lost; cpu++) {
		auto_free char *stats = NULL;
		const char *overrun;
		char file[64];

		snprintf(file, sizeof(file), "per_cpu/cpu%ld/stats", cpu);
		stats = tracefs_instance_file_read(handle, file, NULL);
		overrun = stats ? strstr(stats, "overrun: ") : NULL;
		lost = overrun && strtoul(overrun + strlen("overrun: "), NULL, 10);
	}
	return lost;
}

int trace_read(const char *instance, struct trace_log *log)
{
	struct tracefs_instance *handle;
	auto_free char *text = NULL;
	char *line, *rest = NULL;

	*log = (struct trace_log){ 0 };
	if (trace_available() || !tracefs_instance_exists(instance))
		return -ENOENT;
	handle = tracefs_instance_create(instance);
	if (!handle)
		return -errno;
	text = tracefs_instance_file_read(handle, "trace", NULL);
	log->lost = lost_events(handle);
	tracefs_instance_free(handle);
	if (!text)
		return -EIO;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct trace_event event, *bigger;

		if (!parse_event(line, &event))
			continue;
		bigger = realloc(log->events, (log->count + 1) * sizeof(event));
		if (!bigger) {
			trace_log_free(log);
			return -ENOMEM;
		}
		log->events = bigger;
		log->events[log->count++] = event;
	}
	return 0;
}

void trace_log_free(struct trace_log *log)
{
	free(log->events);
	*log = (struct trace_log){ 0 };
}

void trace_each_instance(const char *prefix, void (*visit)(const char *instance))
{
	const char *root = tracing_dir();
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/instances", root ? root : "");
	folder = root ? opendir(path) : NULL;
	if (!folder)
		return;
	while ((entry = readdir(folder)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			visit(entry->d_name);
	closedir(folder);
}
