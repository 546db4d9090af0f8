// SPDX-License-Identifier: GPL-2.0-only
/* context: lists contexts, starts them and stops them. */
#include <errno.h>
#include <string.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/opening.h"
#include "context/open.h"
#include "context/overview.h"
#include "util/scope.h"

static const char *problem_of(const struct context_summary *context)
{
	return context->state == CONTEXT_DEAD ? "its holder was killed" : context->why;
}

static enum status list(struct call *call)
{
	auto_free struct context_summary *list = NULL;
	json_object *rows = json_put_array(call->result, "contexts");
	unsigned count;
	int rc = context_list(&list, &count);

	/* No directory, no context. */
	if (rc && rc != -ENOTDIR && rc != -ENOENT)
		return fail_errno(rc, "context list");
	for (unsigned i = 0; i < count; i++) {
		const struct context_summary *context = &list[i];
		json_object *row = add_object(rows);
		bool known = context->state == CONTEXT_READY || context->state == CONTEXT_BUSY;

		json_put_text(row, "name", context->name);
		json_put_text(row, "state", context_state_name(context->state));
		json_put_bool(row, "busy", context->state == CONTEXT_BUSY);
		if (context->holder)
			json_put_number(row, "holder", context->holder);
		else
			json_put_text(row, "holder", NULL);
		if (known)
			json_put_number(row, "objects", context->objects);
		else
			json_put_text(row, "objects", NULL);
		json_put_text(row, "problem", problem_of(context));
	}
	return STATUS_OK;
}

static enum status start(struct call *call, const char *name)
{
	struct context context;
	enum status status = open_context(&context, name, CONTEXT_STARTED);

	(void)call;
	if (status)
		return status;
	context.keep = true;
	context_close(&context);
	return STATUS_OK;
}

/* named: somebody asked for this one, and may have mistyped it. */
static enum status stop(const char *name, bool named)
{
	char why[CONTEXT_WHY_SIZE];
	enum status status = check_name("context", name);
	int rc;

	if (status)
		return status;
	rc = context_stop(name, why);
	if ((rc == -ENOENT || rc == -ENOTDIR) && !named)
		return STATUS_OK;
	return rc ? cannot_open_context(name, rc, why) : STATUS_OK;
}

static enum status run(struct call *call)
{
	const char *verb = call->count ? call->arguments[0] : "list";
	const char *name = call->count > 1	  ? call->arguments[1] :
			   call->globals->context ? call->globals->context :
						    "default";
	enum status status;

	if (!strcmp(verb, "list") && call->count < 2)
		return list(call);
	if (!strcmp(verb, "start"))
		return start(call, name);
	if (!strcmp(verb, "stop"))
		return stop(name, call->count > 1 || call->globals->context);
	status = fail_with(STATUS_USAGE, 0, "context %s", verb);
	fail_hint("give list, start [CONTEXT] or stop [CONTEXT]");
	return status;
}

static const struct column columns[] = {
	{ "CONTEXT", "name", COLUMN_TEXT, "name" },
	{ "STATE", "state", COLUMN_TEXT, "ready, busy, silent, damaged or dead" },
	{ "HOLDER", "holder", COLUMN_NUMBER, "PID of the process that holds its fds" },
	{ "OBJECTS", "objects", COLUMN_NUMBER, "that it has, where that can be told" },
	{ "PROBLEM", "problem", COLUMN_TEXT, "what is wrong with it" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "contexts", .empty = "no contexts", .columns = columns },
	{ 0 },
};

const struct command cmd_context = {
	.name = "context",
	.arguments = "[list | start [CONTEXT] | stop [CONTEXT]]",
	.summary = "the contexts and their holders",
	.description =
		"A context starts by itself with the first export, attach or import, and ends\n"
		"when its last object is released; one made by start stays until then too, or\n"
		"until stop, which closes all that it has, whatever state it is in. States: ready,\n"
		"busy (a command has it), silent (its holder does not answer), damaged (its record\n"
		"is not understood), dead (its holder was killed: stop clears what is left).",
	.least = 0,
	.most = 2,
	.context = CONTEXT_NONE,
	.alone = true,
	.sections = sections,
	.run = run,
};
