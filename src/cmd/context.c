// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "cmd/shared/common.h"

static enum status list(struct call *call)
{
	auto_free struct context_summary *list = NULL;
	json_object *rows = put_array(call->result, "contexts");
	unsigned count;
	int rc = context_list(&list, &count);

	/* No folder, no context. */
	if (rc && rc != -ENOTDIR && rc != -ENOENT)
		return fail_errno(rc, "context list");
	for (unsigned i = 0; i < count; i++) {
		json_object *row = add_object(rows);

		put_text(row, "name", list[i].name);
		put_bool(row, "busy", list[i].busy);
		if (list[i].busy) {
			put_text(row, "holder", NULL);
			put_text(row, "objects", NULL);
			continue;
		}
		put_number(row, "holder", list[i].holder);
		put_number(row, "objects", list[i].objects);
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

static enum status stop(struct call *call, const char *name)
{
	struct context context;
	enum status status = open_context(&context, name, CONTEXT_EXISTING);

	(void)call;
	if (status)
		return status;
	if (context.socket >= 0)
		context_stop(&context);
	else
		context_sweep(name);
	return STATUS_OK;
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
		return stop(call, name);
	status = fail(STATUS_USAGE, 0, "context %s", verb);
	fail_try("give list, start [CONTEXT] or stop [CONTEXT]");
	return status;
}

static const struct column columns[] = {
	{ "CONTEXT", "name", COLUMN_TEXT, "name" },
	{ "HOLDER", "holder", COLUMN_NUMBER, "PID of the process that holds its fds" },
	{ "OBJECTS", "objects", COLUMN_NUMBER, "that it has; unknown while a command has it" },
	{ 0 },
};

static const struct section sections[] = {
	{ "contexts", NULL, "no contexts", columns },
	{ 0 },
};

const struct command cmd_context = {
	.name = "context",
	.arguments = "[list | start [CONTEXT] | stop [CONTEXT]]",
	.summary = "the contexts and their holders",
	.description =
		"A context starts by itself with the first export, attach or import, and ends\n"
		"when its last object is released; one made by start stays until then too, or\n"
		"until stop, which closes all that it has.",
	.least = 0,
	.most = 2,
	.context = CONTEXT_NONE,
	.alone = true,
	.sections = sections,
	.run = run,
};
