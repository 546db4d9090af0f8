// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tracefs.h>
#include <unistd.h>

#include "kernel/library.h"
#include "kernel/lockdown.h"
#include "kernel/sys.h"
#include "util/array.h"
#include "util/scope.h"

#define TRACEFS_FUNCTIONS(each)                                                                   \
	each(tracefs_tracing_dir) each(tracefs_instance_create) each(tracefs_instance_free)       \
		each(tracefs_instance_is_new) each(tracefs_instance_exists)                       \
			each(tracefs_instance_file_open) each(tracefs_instance_file_read)         \
				each(tracefs_instance_file_write) each(tracefs_instance_get_file) \
					each(tracefs_event_enable) each(tracefs_event_file_read)
LIBRARY("libtracefs.so.1", TRACEFS_FUNCTIONS);

/*
 * tracefs_tracing_dir() would mount it; whether it is there is the machine's business. And it
 * allocates its answer anew each time where it may not look inside.
 */
static const char *tracing_dir(void)
{
	static const char *found;
	auto_free char *mounts = NULL;

	if (sys_read_file("/proc/self/mounts", &mounts) || !strstr(mounts, " tracefs "))
		return NULL;
	if (!found)
		found = lib.tracefs_tracing_dir();
	return found;
}

int instance_available(void)
{
	const char *root;
	char path[PATH_MAX];

	if (!library_load(&library))
		return -ELIBACC;
	if (lockdown_is_confidential()) /* it has no files then, or none that open */
		return -EPERM;
	root = tracing_dir();
	if (!root)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/events/iommu/unmap", root);
	if (access(path, F_OK))
		return -errno;
	snprintf(path, sizeof(path), "%s/instances", root);
	return access(path, W_OK) ? -errno : 0;
}

static int open_handle(struct instance *instance, const char *name)
{
	errno = 0;
	instance->handle = lib.tracefs_instance_create(name);
	return instance->handle ? 0 : errno ? -errno : -ENOMEM;
}

int instance_create(struct instance *instance, const char *name, unsigned kib)
{
	int rc = instance_available();
	char size[16];

	*instance = (struct instance){ 0 };
	if (!rc)
		rc = open_handle(instance, name);
	if (rc)
		return rc;
	if (!lib.tracefs_instance_is_new(instance->handle)) {
		instance_close(instance);
		return -EEXIST;
	}
	snprintf(size, sizeof(size), "%u", kib);
	rc = instance_write(instance, "trace_clock", "mono");
	if (!rc && kib)
		rc = instance_write(instance, "buffer_size_kb", size);
	if (!rc)
		return 0;
	instance_close(instance);
	instance_remove(name);
	return rc;
}

int instance_open(struct instance *instance, const char *name)
{
	int rc = instance_available();

	*instance = (struct instance){ 0 };
	if (!rc && !lib.tracefs_instance_exists(name))
		rc = -ENOENT;
	return rc ? rc : open_handle(instance, name);
}

void instance_close(struct instance *instance)
{
	for (unsigned i = 0; i < instance->ring_count; i++)
		close(instance->rings[i].fd);
	free(instance->rings);
	free(instance->page);
	if (instance->handle)
		lib.tracefs_instance_free(instance->handle);
	*instance = (struct instance){ 0 };
}

/* The directory of all of them; NULL without tracefs, or the right to look. */
static DIR *open_instances(void)
{
	const char *root = library_load(&library) ? tracing_dir() : NULL;
	char path[PATH_MAX];

	if (!root)
		return NULL;
	snprintf(path, sizeof(path), "%s/instances", root);
	return opendir(path);
}

/* Allowed under lockdown, unlike to open any of its files. */
int instance_remove(const char *name)
{
	DIR *directory = open_instances();
	int rc;

	if (!directory)
		return 0;
	rc = unlinkat(dirfd(directory), name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
	closedir(directory);
	return rc;
}

void instance_sweep(const char *prefix)
{
	DIR *directory = open_instances();
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
	closedir(directory);
}

int instance_hold(const struct instance *instance)
{
	int fd = lib.tracefs_instance_file_open(instance->handle, "tracing_on",
						O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int instance_write(const struct instance *instance, const char *file, const char *text)
{
	errno = 0;
	if (lib.tracefs_instance_file_write(instance->handle, file, text) >= 0)
		return 0;
	return errno ? -errno : -EIO;
}

int instance_enable(struct instance *instance, const char *system, const char *event)
{
	errno = 0;
	if (!lib.tracefs_event_enable(instance->handle, system, event))
		return 0;
	return errno ? -errno : -ENOENT;
}

int instance_learn(struct instance *instance, enum record_kind kind, const char *system,
		   const char *event)
{
	auto_free char *format = NULL;
	int size = 0;

	format = lib.tracefs_event_file_read(instance->handle, system, event, "format", &size);
	if (!format)
		return -ENOENT;
	return record_learn(&instance->formats, kind, format, size);
}

static int open_ring(struct instance *instance, int cpu)
{
	struct instance_ring *ring;
	char file[64];
	int fd;

	snprintf(file, sizeof(file), "per_cpu/cpu%d/trace_pipe_raw", cpu);
	fd = lib.tracefs_instance_file_open(instance->handle, file,
					    O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ring = array_add(&instance->rings, &instance->ring_count);
	if (!ring) {
		close(fd);
		return -ENOMEM;
	}
	*ring = (struct instance_ring){ .fd = fd, .cpu = cpu };
	return 0;
}

int instance_open_rings(struct instance *instance)
{
	auto_free char *path = lib.tracefs_instance_get_file(instance->handle, "per_cpu");
	DIR *directory = path ? opendir(path) : NULL;
	struct dirent *entry;
	int rc = 0, cpu;

	if (!directory)
		return -errno;
	while (!rc && (entry = readdir(directory)))
		if (sscanf(entry->d_name, "cpu%d", &cpu) == 1)
			rc = open_ring(instance, cpu);
	closedir(directory);
	instance->page_size = sysconf(_SC_PAGESIZE);
	instance->page = malloc(instance->page_size);
	if (!rc && !instance->page)
		rc = -ENOMEM;
	return rc;
}

int instance_read(struct instance *instance, struct instance_ring *ring,
		  void (*visit)(const struct record *record, void *data), void *data)
{
	ssize_t got = read(ring->fd, instance->page, instance->page_size);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!got)
		return 0;
	ring->pages++;
	record_walk(&instance->formats, instance->page, &ring->gap, visit, data);
	return 1;
}

/* Of a ring: "overrun: N" and the like, a line each. NULL when it is gone; to be freed. */
static char *read_stats(struct instance *instance, const struct instance_ring *ring)
{
	char file[64];

	snprintf(file, sizeof(file), "per_cpu/cpu%d/stats", ring->cpu);
	return lib.tracefs_instance_file_read(instance->handle, file, NULL);
}

static uint64_t statistic(const char *stats, const char *name)
{
	const char *line = strstr(stats, name);

	return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

uint64_t instance_lost(struct instance *instance, struct instance_ring *ring)
{
	auto_free char *stats = read_stats(instance, ring);
	uint64_t before = ring->lost;

	if (!stats)
		return 0;
	ring->lost = statistic(stats, "\noverrun: ") + statistic(stats, "\ncommit overrun: ") +
		     statistic(stats, "\ndropped events: ");
	return ring->lost - before;
}

uint64_t instance_unread(struct instance *instance, const struct instance_ring *ring)
{
	auto_free char *stats = read_stats(instance, ring);

	return stats ? statistic(stats, "\nbytes: ") : 0;
}
