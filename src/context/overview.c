// SPDX-License-Identifier: GPL-2.0-only
#include "context/overview.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context/open.h"
#include "context/runtime.h"
#include "util/array.h"
#include "util/text.h"

const char *context_state_name(enum context_state state)
{
	static const char *const names[] = { "ready", "busy", "silent", "damaged", "dead" };

	return names[state];
}

/* false: there is no such context, after all. */
static bool summarize(const char *name, struct context_summary *summary)
{
	struct context context;
	int rc = context_look(&context, name);

	*summary = (struct context_summary){ 0 };
	copy_text(summary->name, sizeof(summary->name), name);
	copy_text(summary->why, sizeof(summary->why), context.why);
	if (!rc)
		summary->state = runtime_lock_owner(name) ? CONTEXT_BUSY : CONTEXT_READY;
	else if (rc == -EOWNERDEAD)
		summary->state = CONTEXT_DEAD;
	else if (rc == -EBADMSG || rc == -EPROTONOSUPPORT)
		summary->state = CONTEXT_DAMAGED;
	else
		summary->state = CONTEXT_SILENT;
	/* A dead one's PID may be another process's by now. */
	if (summary->state != CONTEXT_DEAD)
		summary->holder = context.client.holder;
	if (rc && rc != -EOWNERDEAD && !*summary->why)
		copy_text(summary->why, sizeof(summary->why), strerrordesc_np(-rc));
	summary->objects = object_count(&context.objects, OBJECT_KINDS);
	if (!rc)
		context_close(&context);
	return rc != -ENOENT;
}

static int by_name(const void *a, const void *b)
{
	const struct context_summary *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int context_list(struct context_summary **list, unsigned *count)
{
	char directory_path[PATH_MAX];
	int rc = context_directory(directory_path, sizeof(directory_path));
	struct dirent *entry;
	DIR *directory;

	*list = NULL;
	*count = 0;
	if (rc)
		return rc;
	directory = opendir(directory_path);
	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		struct context_summary summary, *added;
		char name[NAME_SIZE];

		if (!runtime_is_socket(entry->d_name, name, sizeof(name)) ||
		    !summarize(name, &summary))
			continue;
		added = array_add(list, count);
		if (!added)
			break;
		*added = summary;
	}
	closedir(directory);
	if (*count)
		qsort(*list, *count, sizeof(**list), by_name);
	return 0;
}
