// SPDX-License-Identifier: GPL-2.0-only
#include "context/watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "context/runtime.h"
#include "util/array.h"

#define COMES (IN_CREATE | IN_MOVED_TO)
#define GOES (IN_DELETE | IN_MOVED_FROM)

struct change {
	void (*visit)(const char *name, bool started, void *data);
	void *data;
};

static unsigned find(const struct context_watch *watch, const char *name)
{
	unsigned i = 0;

	while (i < watch->count && strcmp(watch->running[i], name) != 0)
		i++;
	return i;
}

static void on_file(struct context_watch *watch, const char *file, bool comes,
		    const struct change *change)
{
	char name[NAME_SIZE];
	unsigned at;

	if (!runtime_is_socket(file, name, sizeof(name)))
		return;
	at = find(watch, name);
	if (comes == (at < watch->count)) /* known from the listing of the directory */
		return;
	if (comes) {
		char(*added)[NAME_SIZE] = array_add(&watch->running, &watch->count);

		if (!added)
			return;
		strcpy(*added, name);
	} else {
		memmove(watch->running[at], watch->running[--watch->count], NAME_SIZE);
	}
	change->visit(name, comes, change->data);
}

/* What is there once the watch stands. */
static void watch_directory(struct context_watch *watch, const struct change *change)
{
	struct dirent *entry;
	DIR *directory;

	if (watch->directory >= 0)
		return;
	watch->directory = inotify_add_watch(watch->fd, watch->path, COMES | GOES | IN_ONLYDIR);
	directory = watch->directory >= 0 ? opendir(watch->path) : NULL;
	if (!directory)
		return;
	while ((entry = readdir(directory)))
		on_file(watch, entry->d_name, true, change);
	closedir(directory);
}

static void ignore(const char *name, bool started, void *data)
{
	(void)name, (void)started, (void)data;
}

void context_watch_open(struct context_watch *watch)
{
	static const struct change before = { ignore, NULL };
	char *slash;
	int rc;

	*watch = (struct context_watch){ .fd = -1, .parent = -1, .directory = -1 };
	rc = context_directory(watch->path, sizeof(watch->path));
	slash = strrchr(watch->path, '/');
	if ((rc && rc != -ENOENT) || !slash)
		return;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return;
	*slash = '\0';
	watch->parent = inotify_add_watch(watch->fd, watch->path, COMES | IN_ONLYDIR);
	*slash = '/';
	watch_directory(watch, &before);
	if (watch->parent < 0 && watch->directory < 0) {
		close(watch->fd);
		watch->fd = -1;
	}
}

void context_watch_close(struct context_watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->running);
}

static void on_event(struct context_watch *watch, const struct inotify_event *event,
		     const struct change *change)
{
	if (event->wd == watch->parent) {
		if (event->len && !strcmp(event->name, strrchr(watch->path, '/') + 1))
			watch_directory(watch, change);
	} else if (event->mask & IN_IGNORED) { /* the directory is gone */
		watch->directory = -1;
	} else if (event->len) {
		on_file(watch, event->name, event->mask & COMES, change);
	}
}

void context_watch_read(struct context_watch *watch,
			void (*visit)(const char *name, bool started, void *data), void *data)
{
	_Alignas(struct inotify_event) char buffer[4096];
	const struct change change = { visit, data };
	ssize_t got;

	while ((got = read(watch->fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event = (void *)(buffer + at);

			at += sizeof(*event) + event->len;
			on_event(watch, event, &change);
		}
}
