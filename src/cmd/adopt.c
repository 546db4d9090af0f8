// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>

#include "cmd/shared/common.h"
#include "kernel/process.h"

struct adopt_options {
	struct option_number pid, fd;
	const char *socket;
	const char *name;
};

static enum status check_options(const struct adopt_options *options)
{
	bool one = options->pid.given && options->fd.given && !options->socket;
	bool other = options->socket && !options->pid.given && !options->fd.given;

	if (one || other)
		return STATUS_OK;
	fail(STATUS_USAGE, 0, "adopt");
	fail_because("it wants --pid and --fd, or --receive-from");
	fail_try("'dmabufctl list' shows who holds which dma-buf in which fd");
	return STATUS_USAGE;
}

static enum status cannot_take(const struct adopt_options *options, int error)
{
	enum status status;

	if (options->socket)
		return fail_errno(error, "adopt from %s", options->socket);
	status = fail_errno(error, "adopt fd %d of PID %d", (int)options->fd.value,
			    (int)options->pid.value);
	if (error == -EPERM) {
		fail_because("taking a process's fd wants the right to trace it");
		fail_try("be its user and lower /proc/sys/kernel/yama/ptrace_scope, or have "
			 "CAP_SYS_PTRACE");
	} else if (error == -ESRCH) {
		fail_because("there is no such process");
	} else if (error == -EBADF) {
		fail_because("the process has no such fd");
		fail_try("'dmabufctl list --pid %d' shows those that are dma-bufs",
			 (int)options->pid.value);
	}
	return status;
}

static enum status run(struct call *call)
{
	const struct adopt_options *options = call->options;
	struct object *dmabuf;
	char name[NAME_SIZE];
	enum status status = check_options(options);
	int fd, rc;

	if (!status)
		status = want_name(call, OBJECT_DMABUF, options->name, name);
	if (status)
		return status;
	fd = options->socket ? process_receive_fd(options->socket) :
			       process_get_fd(options->pid.value, options->fd.value);
	if (fd < 0)
		return cannot_take(options, fd);
	rc = context_adopt(call->context, fd, name, &dmabuf);
	if (rc) {
		status = fail_errno(rc, "adopt");
		if (rc == -EINVAL)
			fail_because("the file is no dma-buf");
		return status;
	}
	fill_dmabuf(call, put_object(call->result, "dmabuf"), dmabuf, NULL);
	return STATUS_OK;
}

static const struct option_entry options[] = {
	OPT_NUMBER(struct adopt_options, pid, "pid", "PID", 1, INT_MAX, "the process that has it"),
	OPT_NUMBER(struct adopt_options, fd, "fd", "FD", 0, INT_MAX, "its number there"),
	OPT_TEXT(struct adopt_options, socket, "receive-from", "SOCKET",
		 "wait at a Unix socket, made for this, until somebody sends it"),
	OPT_TEXT(struct adopt_options, name, "name", "NAME",
		 "a name for it (default: dmabuf0, ...)"),
	{ 0 },
};

static const struct section sections[] = {
	{ "dmabuf", NULL, NULL, dmabuf_columns },
	{ 0 },
};

const struct command cmd_adopt = {
	.name = "adopt",
	.arguments = "--pid PID --fd FD | --receive-from SOCKET",
	.summary = "bring in a dma-buf that another process holds",
	.description = "It can be imported like any other; what device it is of remains unknown.",
	.options = options,
	.options_size = sizeof(struct adopt_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_STARTED,
	.sections = sections,
	.run = run,
};
