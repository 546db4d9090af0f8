// SPDX-License-Identifier: GPL-2.0-only
/* batch: runs a command for each line of a file, in one process. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/dispatch.h"
#include "cmd/shared/opening.h"
#include "context/open.h"
#include "kernel/wait.h"
#include "ui/line.h"
#include "util/scope.h"

struct batch_options {
	bool keep_going;
};

static enum status refuse_line(int error)
{
	enum status status = fail_with(STATUS_USAGE, 0, "batch");

	switch (error) {
	case -E2BIG:
		fail_because("the line is longer than %d bytes", LINE_LIMIT);
		fail_hint("is it a file of commands?");
		return status;
	case -EILSEQ:
		fail_because("the line has a NUL byte");
		fail_hint("is it a file of commands?");
		return status;
	case -EINVAL:
		fail_because("a quote is not closed, or a backslash ends the line");
		return status;
	default:
		return fail_errno(error, "batch");
	}
}

/* The longest line, and as many words as that can have. */
struct room {
	char line[LINE_LIMIT + 1];
	char *words[LINE_LIMIT / 2 + 2];
};

/* rc: what line_read() said. */
static enum status run_line(struct call *call, struct room *room, int rc,
			    const struct position *position)
{
	enum status status;

	if (rc > 0)
		rc = line_split(room->line, room->words);
	if (rc > 0)
		return run_command(call->globals, call->context, rc, room->words, position);
	status = rc ? refuse_line(rc) : STATUS_OK;
	print_failure(call->globals, "batch", position);
	return status;
}

static enum status run_lines(struct call *call, FILE *file, const char *name)
{
	const struct batch_options *options = call->options;
	auto_free struct room *room = malloc(sizeof(*room));
	struct position position = { .file = name };
	enum status first = STATUS_OK;
	int rc;

	if (!room)
		return fail_errno(ENOMEM, "batch %s", name);
	do {
		enum status status;

		position.line++;
		rc = line_read(file, room->line);
		if (!rc || wait_signal)
			break;
		status = run_line(call, room, rc, &position);
		fflush(stdout); /* whoever writes the lines may wait for the answer */
		if (!first)
			first = status;
	} while ((!first || options->keep_going) && !wait_signal && (rc > 0 || rc == -EILSEQ));
	if (wait_signal && !first) {
		first = fail_with(STATUS_FAILED, EINTR, "batch %s", name);
		fail_because("stopped by signal %d", (int)wait_signal);
	}
	return first;
}

static enum status run_file(struct call *call, const char *name)
{
	bool standard = !strcmp(name, "-");
	FILE *file = standard ? stdin : fopen(name, "re");
	enum status status;

	if (!file)
		return fail_errno(errno, "batch %s", name);
	status = run_lines(call, file, name);
	if (!standard)
		fclose(file);
	return status;
}

/* Without --context the objects live in this process, and end with it. */
static enum status run(struct call *call)
{
	struct context context;
	struct call inner = *call;
	enum status status;

	if (call->globals->context) {
		status = open_context(&context, call->globals->context, CONTEXT_STARTED);
		if (status)
			return status;
	} else {
		context_open_private(&context);
	}
	inner.context = &context;
	wait_handle_signals();
	status = run_file(&inner, call->arguments[0]);
	context_close(&context);
	return status;
}

static const struct option_entry options[] = {
	OPT_FLAG(struct batch_options, keep_going, "keep-going", 0,
		 "go on after a line that failed"),
	{ 0 },
};

const struct command cmd_batch = {
	.name = "batch",
	.arguments = "FILE|-",
	.summary = "run one command a line, in one process",
	.description =
		"Lines are split into words as a shell does, with quotes and # comments. Stops at\n"
		"the first line that fails; the exit status is that line's. Without --context the\n"
		"objects are the batch's own and are gone at its end. Commands that make "
		"something\n"
		"print nothing here, but with --json.",
	.options = options,
	.options_size = sizeof(struct batch_options),
	.least = 1,
	.most = 1,
	.context = CONTEXT_NONE,
	.alone = true,
	.streams = true, /* the results of its lines */
	.run = run,
};
