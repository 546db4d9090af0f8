// SPDX-License-Identifier: GPL-2.0-only
/* exec: runs a program with dma-bufs as its file descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "kernel/limit.h"
#include "util/text.h"

#define FIRST_FD 3 /* sd_listen_fds(3) */

/* What is left to do once the context is given back. */
struct launch {
	int count;
	int *fds; /* above where they will be */
	char **command;
};

static struct launch launch;

static enum status cannot_run(const char *program, int error)
{
	bool missing = error == ENOENT || error == ENOTDIR;

	refuse(exec_rules, &(struct rule_subject){ 0 }, error, "exec %s", program);
	return fail_status(missing ? STATUS_NO_PROGRAM : STATUS_NOT_RUN);
}

static enum status finish(void)
{
	char number[16];

	for (int i = 0; i < launch.count; i++)
		if (dup2(launch.fds[i], FIRST_FD + i) < 0)
			return fail_errno(-errno, "exec");
	snprintf(number, sizeof(number), "%d", launch.count);
	setenv("LISTEN_FDS", number, true);
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, true);
	fflush(stdout);
	limit_restore_fds();
	execvp(launch.command[0], launch.command);
	return cannot_run(launch.command[0], errno);
}

/* "bar:fb": the names, in the order of the fds. */
static void export_names(char **names, int count)
{
	char *text = calloc(count, NAME_SIZE);

	for (int i = 0; text && i < count; i++)
		text_join(text, count * NAME_SIZE, ":", "%s", names[i]);
	setenv("LISTEN_FDNAMES", text ? text : "", true);
	free(text);
}

static enum status run(struct call *call)
{
	int count = call->before_dashes;

	if (count < 1 || count == call->count) {
		fail_with(STATUS_USAGE, 0, "exec");
		fail_because("it wants dma-bufs, then --, then a command");
		return STATUS_USAGE;
	}
	launch = (struct launch){ .fds = calloc(count, sizeof(int)),
				  .command = call->arguments + count };
	for (int i = 0; launch.fds && i < count; i++) {
		struct object *dmabuf;
		enum status status =
			lookup_object(call, OBJECT_DMABUF, call->arguments[i], &dmabuf);
		int fd = status ? -1 : context_fd(call->context, dmabuf);

		if (status)
			return status;
		if (fd >= 0 && (fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + count)) < 0)
			fd = -errno;
		if (fd < 0)
			return fail_errno(fd, "exec with %s", dmabuf->name);
		launch.fds[launch.count++] = fd;
	}
	export_names(call->arguments, count);
	call->finish = finish;
	return STATUS_OK;
}

const struct command cmd_exec = {
	.name = "exec",
	.arguments = "DMABUF... -- COMMAND [ARGUMENT...]",
	.summary = "run a command with dma-bufs as its file descriptors",
	.description =
		"They are 3, 4, ... there, as LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES say\n"
		"(sd_listen_fds(3)). Exit status: the command's own; 126 when it cannot be run, 127 when\n"
		"there is none of that name. With --json failures are objects, and nothing else is.",
	.least = 2,
	.most = -1,
	.context = CONTEXT_EXISTING,
	.alone = true,
	.streams = true, /* the program's output */
	.run = run,
};
