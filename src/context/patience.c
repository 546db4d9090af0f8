// SPDX-License-Identifier: GPL-2.0-only
#include "context/patience.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/process.h"
#include "util/clock.h"
#include "util/scope.h"

#define LOOK_NS 50000000
#define SAY_NS 1500000000ull

void (*patience_on_wait)(const struct object *mapping, uint64_t waited, bool let_go);

/* What could be late, with its fd. */
struct importing {
	const struct object *mapping;
	int fd;
};

static unsigned list_importing(struct context *context, const char *device, struct importing *items)
{
	unsigned count = 0;

	for_each_object(mapping, &context->objects, OBJECT_MAPPING) {
		const struct object *dmabuf =
			object_find(&context->objects, OBJECT_DMABUF, mapping->dmabuf);
		int fd;

		if (!mapping->importer->let_go || !dmabuf || strcmp(dmabuf->device.bdf, device))
			continue;
		fd = context_fd(context, mapping);
		if (fd >= 0)
			items[count++] = (struct importing){ mapping, fd };
	}
	return count;
}

/* Since when it has not let go; 0: it has, or was not told to. */
static uint64_t told_at(const struct importing *importing)
{
	struct import_look look;
	uint64_t time = 0;

	if (!importing->mapping->importer->look(importing->fd, &look) && look.mapped &&
	    !look.let_go_at)
		time = look.told_at;
	free(look.pieces);
	return time;
}

static void say(const struct importing *importing, bool let_go)
{
	uint64_t since = told_at(importing);

	if (!since)
		return;
	if (let_go)
		importing->mapping->importer->let_go(importing->fd);
	if (patience_on_wait)
		patience_on_wait(importing->mapping, clock_now() - since, let_go);
}

static void __attribute__((noreturn))
look_on(const struct importing *items, unsigned count, pid_t parent)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	uint64_t said = clock_now();

	/* A terminal sends them to both; what they mean for this one is below. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(EXIT_FAILURE);
	for (;;) {
		bool let_go = process_is_asked_to_end(parent);
		bool due = clock_now() - said >= SAY_NS;

		for (unsigned i = 0; i < count && (let_go || due); i++)
			say(&items[i], let_go);
		if (due)
			said = clock_now();
		nanosleep(&pause, NULL);
	}
}

int patience_begin(struct patience *patience, struct context *context, const char *device)
{
	auto_free struct importing *items =
		calloc(object_count(&context->objects, OBJECT_MAPPING) + 1, sizeof(*items));
	pid_t parent = getpid();
	unsigned count;

	*patience = (struct patience){ 0 };
	if (!items)
		return -ENOMEM;
	count = list_importing(context, device, items);
	if (!count)
		return 0;
	patience->child = fork();
	if (!patience->child)
		look_on(items, count, parent);
	return patience->child < 0 ? -errno : 0;
}

void patience_end(const struct patience *patience)
{
	if (patience->child <= 0)
		return;
	kill(patience->child, SIGKILL);
	waitpid(patience->child, NULL, 0);
}
