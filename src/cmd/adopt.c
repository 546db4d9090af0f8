// SPDX-License-Identifier: GPL-2.0-only
/* adopt: brings in a dma-buf that another process holds. */
#include <errno.h>
#include <limits.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/rows.h"
#include "context/open.h"
#include "context/operation.h"
#include "kernel/process.h"
#include "util/text.h"

struct adopt_options {
	struct option_number pid, fd;
	const char *socket;
	const char *name;
};

static enum status check_options(const struct adopt_options *options)
{
	bool one = options->pid.given && options->fd.given && !options->socket;
	bool other = options->socket && !options->pid.given && !options->fd.given;

	if (options->socket && !*options->socket) {
		fail_with(STATUS_USAGE, 0, "option --receive-from");
		fail_because("it is empty");
		fail_hint("give the path of a socket, in a directory of yours");
		return STATUS_USAGE;
	}
	if (one || other)
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "adopt");
	fail_because("it wants --pid and --fd, or --receive-from");
	fail_hint("'dmabufctl list' shows who holds which dma-buf in which fd");
	return STATUS_USAGE;
}

static enum status cannot_receive(const char *socket, int error)
{
	enum status status =
		refuse(pass_rules, &(struct rule_subject){ 0 }, error, "adopt from %s", socket);

	switch (error) {
	case -EBADMSG:
		fail_because("the sender passed no file descriptor");
		break;
	case -EPROTO:
		fail_because("the sender passed several file descriptors");
		fail_hint("send one at a time");
		break;
	case -ETIMEDOUT:
		fail_because("nobody sent anything in time");
		fail_hint("'dmabufctl export --send-to %s' sends a dma-buf; --wait sets the time",
			  socket);
		break;
	case -EINTR:
		fail_because("the wait was ended by a signal");
		break;
	}
	return status;
}

static enum status cannot_take(const struct adopt_options *options, int error)
{
	if (options->socket)
		return cannot_receive(options->socket, error);
	return refuse(pass_rules, &(struct rule_subject){ 0 }, error, "adopt fd %d of PID %d",
		      (int)options->fd.value, (int)options->pid.value);
}

static int received = -1; /* by prepare(), for run() */

/* Waits for a sender, without the context: others work in it meanwhile. */
static enum status prepare(struct call *call)
{
	const struct adopt_options *options = call->options;
	enum status status = check_options(options);

	if (status || !options->socket)
		return status;
	fprintf(stderr, "dmabufctl: adopt: waiting for a sender at ");
	text_print(stderr, options->socket);
	fputc('\n', stderr);
	received = process_receive_fd(options->socket, context_lock_ms);
	return received < 0 ? cannot_receive(options->socket, received) : STATUS_OK;
}

static enum status is_no_dmabuf(const struct adopt_options *options, int error)
{
	char file[64] = "the one that was sent";

	if (!options->socket)
		snprintf(file, sizeof(file), "fd %d of PID %d", (int)options->fd.value,
			 (int)options->pid.value);
	return refuse(pass_rules, &(struct rule_subject){ .file = file }, error, "adopt");
}

static enum status run(struct call *call)
{
	const struct adopt_options *options = call->options;
	struct object *dmabuf;
	char name[NAME_SIZE];
	enum status status = lookup_name(call, OBJECT_DMABUF, options->name, name);
	int fd, rc;

	if (status)
		return status;
	fd = options->socket ? received : process_get_fd(options->pid.value, options->fd.value);
	received = -1;
	if (fd < 0)
		return cannot_take(options, fd);
	rc = context_adopt(call->context, fd, name, &dmabuf);
	if (rc)
		return is_no_dmabuf(options, rc);
	fill_dmabuf(json_put_object(call->result, "dmabuf"), dmabuf, NULL);
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
	{ .key = "dmabuf", .columns = dmabuf_columns },
	{ 0 },
};

const struct command cmd_adopt = {
	.name = "adopt",
	.arguments = "--pid PID --fd FD | --receive-from SOCKET",
	.summary = "bring in a dma-buf that another process holds",
	.description =
		"It can be imported like any other. What device it is of is known where VFIO's record of\n"
		"it can be read: by root, on a kernel with BTF.",
	.options = options,
	.options_size = sizeof(struct adopt_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_STARTED,
	.sections = sections,
	.prepare = prepare,
	.run = run,
};
