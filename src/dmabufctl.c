// SPDX-License-Identifier: GPL-2.0-only
/* The program: global options, dispatch, and the check that the output arrived. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/explain.h"
#include "cmd/shared/common.h"
#include "cmd/shared/complete.h"
#include "config.h"
#include "context/trigger.h"
#include "kernel/sys.h"
#include "util/text.h"

extern const struct command cmd_adopt, cmd_attach, cmd_batch, cmd_bind, cmd_context, cmd_detach,
	cmd_device, cmd_doctor, cmd_exec, cmd_explain, cmd_export, cmd_import, cmd_list,
	cmd_monitor, cmd_recover, cmd_release, cmd_revoke, cmd_status, cmd_topology, cmd_unbind,
	cmd_unmap, cmd_verify;

const struct command *const commands[] = {
	&cmd_doctor, &cmd_device,   &cmd_bind,	  &cmd_unbind,	&cmd_export,  &cmd_attach,
	&cmd_detach, &cmd_import,   &cmd_unmap,	  &cmd_release, &cmd_revoke,  &cmd_recover,
	&cmd_verify, &cmd_topology, &cmd_status,  &cmd_list,	&cmd_monitor, &cmd_adopt,
	&cmd_exec,   &cmd_batch,    &cmd_explain, &cmd_context, NULL,
};

static const struct option_entry global_options[] = {
	OPT_TEXT(struct globals, context, "context", "NAME",
		 "the context to work in (default: default)"),
	OPT_FLAG(struct globals, json, "json", 0, "print JSON, one object a command, errors too"),
	OPT_COUNT(struct globals, verbose, "verbose", 'v',
		  "say more; twice: each system call, decoded"),
	OPT_FLAG(struct globals, help, "help", 0, "print this and exit"),
	OPT_FLAG(struct globals, version, "version", 0, "print the version and exit"),
	OPT_FLAG(struct globals, list_commands, "list-commands", 0,
		 "print the commands' names and exit"),
	OPT_FLAG(struct globals, list_options, "list-options", 0,
		 "print the options of COMMAND, or the global ones, and exit"),
	OPT_FLAG(struct globals, complete, "complete", 0,
		 "print what can follow COMMAND and its arguments, and exit"),
	{ 0 },
};

const struct command *find_command(const char *name)
{
	for (const struct command *const *command = commands; *command; command++)
		if (!strcmp((*command)->name, name))
			return *command;
	return NULL;
}

static void print_help(void)
{
	printf("usage: dmabufctl [OPTION...] COMMAND [ARGUMENT...]\n\n"
	       "Exports PCI BARs as dma-bufs, maps them for other devices, and shows what becomes "
	       "of them.\n\n"
	       "Commands:\n");
	for (const struct command *const *command = commands; *command; command++)
		printf("  %-10s  %s\n", (*command)->name, (*command)->summary);
	printf("\nOptions, before or after the command:\n");
	options_print(stdout, global_options);
	printf("\nExit status: 0 done, 1 failed, 2 usage, 3 not supported here, 4 no permission,\n"
	       "5 a revoked dma-buf or stale mapping in the way, 6 not observed. See "
	       "dmabufctl(1).\n");
}

static void print_command_help(const struct command *command)
{
	printf("usage: dmabufctl %s%s%s%s\n\n%s\n", command->name,
	       command->options ? " [OPTION...]" : "", *command->arguments ? " " : "",
	       command->arguments, command->summary);
	if (command->description)
		printf("\n%s\n", command->description);
	if (command->options) {
		printf("\nOptions:\n");
		options_print(stdout, command->options);
	}
	printf("\nThe global options are in 'dmabufctl --help', the manual in dmabufctl-%s(1).\n",
	       command->name);
}

static enum status count_arguments(const struct command *command, int count)
{
	if (count < command->least) {
		fail(STATUS_USAGE, 0, "%s", command->name);
		fail_because("an argument is missing");
	} else if (command->most >= 0 && count > command->most) {
		fail(STATUS_USAGE, 0, "%s", command->name);
		fail_because("too many arguments");
	} else {
		return STATUS_OK;
	}
	fail_try("usage: dmabufctl %s %s", command->name, command->arguments);
	return STATUS_USAGE;
}

static enum status cannot_open(const char *name, int error)
{
	switch (error) {
	case -ENOTDIR:
		fail(STATUS_FAILED, 0, "context %s", name);
		fail_because("there is no folder for its socket that is this user's alone");
		fail_try("set XDG_RUNTIME_DIR to a folder of yours with mode 0700, or run as root");
		return STATUS_FAILED;
	case -EREMOTEIO:
		fail(STATUS_FAILED, 0, "context %s", name);
		fail_because("its holder does not answer");
		fail_try("try 'dmabufctl context stop %s', then again", name);
		return STATUS_FAILED;
	default:
		return fail_errno(error, "context %s", name);
	}
}

enum status open_context(struct context *context, const char *name, enum context_need need)
{
	int rc;

	if (!object_name_valid(name)) {
		fail(STATUS_USAGE, 0, "context '%s'", name);
		fail_because(
			"not a name: a letter, then letters, digits, '_', '-', '.', at most 63");
		return STATUS_USAGE;
	}
	rc = need == CONTEXT_STARTED ? context_open_or_start(context, name) :
				       context_open_existing(context, name);
	if ((rc == -ENOENT || rc == -ENOTDIR) && need == CONTEXT_EXISTING) {
		*context = (struct context){ .lock = -1, .socket = -1 };
		return STATUS_OK;
	}
	return rc < 0 ? cannot_open(name, rc) : STATUS_OK;
}

/* How many members every result has. */
#define RESULT_HEADER 2

static json_object *new_result(const char *command)
{
	json_object *result = json_object_new_object();

	put_text(result, "schema", OUTPUT_SCHEMA);
	put_text(result, "command", command);
	return result;
}

static const char *place_text(const struct place *place)
{
	static char text[512];

	if (!place)
		return NULL;
	snprintf(text, sizeof(text), "%.480s:%u", place->file, place->line);
	return text;
}

static void print_trace(const char *line)
{
	text_print(stderr, line);
	putc('\n', stderr);
}

/* Where the failure noted last is explained further, NULL when nowhere. */
static const char *pointer_text(const char *command)
{
	static char text[96];

	if (!explain_knows(fail_error(), command))
		return NULL;
	snprintf(text, sizeof(text), "dmabufctl explain %s --during %s",
		 strerrorname_np(fail_error()), command);
	return text;
}

static json_object *error_to_json(const char *command, const struct place *place)
{
	const char *pointer = pointer_text(command);
	json_object *error = fail_to_json(place_text(place));

	put_text(error, "explain", pointer);
	return error;
}

/* A failure before there was anything to show, or after it was shown to people. */
static void print_failure(const struct globals *globals, const char *command,
			  const struct place *place)
{
	json_object *result;

	if (!fail_is_noted())
		return;
	fflush(stdout);
	if (!globals->json) {
		const char *pointer = pointer_text(command);

		fail_print(stderr, place_text(place));
		if (pointer)
			fprintf(stderr, "dmabufctl: see '%s'\n", pointer);
		return;
	}
	result = new_result(command);
	json_object_object_add(result, "error", error_to_json(command, place));
	output_json(result, NULL);
	json_object_put(result);
}

/* The last first: it may need what was made before. */
static void release_made(struct call *call)
{
	while (call->made_count)
		context_release(call->context, call->made[--call->made_count]);
}

/* With the context open where one is needed. */
static enum status run_with_result(struct call *call)
{
	bool json = call->globals->json;
	bool tables = call->command->sections && !(call->place && call->command->quiet_in_batch);
	enum status status;

	if (json || tables)
		call->result = new_result(call->command->name);
	status = call->command->run(call);
	if (status)
		release_made(call);
	/* What was found and what failed are one object in JSON; people get them on two streams. */
	if (json && call->result && fail_is_noted())
		json_object_object_add(call->result, "error",
				       error_to_json(call->command->name, call->place));
	if (call->draw && !status)
		call->draw(call);
	else if (json && call->result)
		output_json(call->result, &call->rows);
	else if (call->result && json_object_object_length(call->result) > RESULT_HEADER)
		output_tables(call->result, &call->rows, call->command->sections,
			      call->globals->verbose, call->columns);
	if (call->rows.free)
		call->rows.free(call->rows.state);
	json_object_put(call->result);
	return status;
}

static enum status run_in_context(const struct call *call, struct context *shared)
{
	const char *name = call->globals->context ? call->globals->context : "default";
	struct call inner = *call;
	struct context own;
	enum status status;

	inner.context = shared;
	if (call->command->context == CONTEXT_NONE || shared)
		return run_with_result(&inner);
	status = open_context(&own, name, call->command->context);
	if (status)
		return status;
	inner.context = &own;
	status = run_with_result(&inner);
	context_close(&own);
	return status || !inner.finish ? status : inner.finish();
}

enum status run_command(const struct globals *globals, struct context *shared, int argc,
			char **argv, const struct place *place)
{
	const struct command *command = find_command(argv[0]);
	_Alignas(max_align_t) char values[command ? command->options_size + 1 : 1];
	struct globals own = *globals;
	struct option_set sets[2] = { { global_options, &own } };
	struct call call = { .command = command, .globals = &own, .place = place };
	enum status status;

	if (!command || (place && command->alone)) {
		status = fail(STATUS_USAGE, 0, "%s command '%s'", command ? "misplaced" : "unknown",
			      argv[0]);
		fail_try(command ? "it cannot be part of a batch" : "--help lists them");
		print_failure(globals, argv[0], place);
		return status;
	}
	sets[1].table = command->options;
	memset(values, 0, sizeof(values));
	sets[1].values = values;
	call.options = values;
	status = options_parse(sets, &argc, argv, false, &call.before_dashes);
	sys_trace = own.verbose >= 2 ? print_trace : NULL;
	call.count = argc - 1;
	call.arguments = argv + 1;
	if (!status && own.help)
		print_command_help(command);
	else if (!status && own.list_options)
		options_list(stdout, command->options);
	else if (!status) {
		status = count_arguments(command, call.count);
		if (!status)
			status = run_in_context(&call, shared);
	}
	print_failure(&own, command->name, place);
	options_free(&sets[1]);
	return status;
}

static enum status run_global(const struct globals *globals, int argc, char **argv)
{
	if (globals->version)
		printf("dmabufctl %s\n", PACKAGE_VERSION);
	else if (globals->list_commands)
		for (const struct command *const *command = commands; *command; command++)
			puts((*command)->name);
	else if (globals->complete)
		print_completions(globals, argc - 1, argv + 1);
	else if (argc > 1)
		return run_command(globals, NULL, argc - 1, argv + 1, NULL);
	else if (globals->help)
		print_help();
	else if (globals->list_options)
		options_list(stdout, global_options);
	else {
		fail(STATUS_USAGE, 0, "no command");
		fail_try("--help lists them");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

static void print_wait(const char *context)
{
	fputs("dmabufctl: context ", stderr);
	text_print(stderr, context);
	fputs(": waiting for another command to end\n", stderr);
}

static void print_eviction(const struct pci_device *pci)
{
	char users[256];

	describe_users(pci, users, sizeof(users));
	fprintf(stderr, "dmabufctl: %s: waiting for its last user to close it: ", pci->name.bdf);
	text_print(stderr, *users ? users : "nobody that can be seen");
	putc('\n', stderr);
}

/* Known before all is parsed, so that a usage error is JSON too. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

/* For tests: the call that is to fail in this process. */
static enum status take_fault(void)
{
#if FAULT_INJECTION
	const char *text = getenv("DMABUFCTL_FAULT");

	if (text && !sys_inject_fault(text)) {
		fail(STATUS_USAGE, 0, "DMABUFCTL_FAULT='%s'", text);
		fail_because("not CALL[#N]=ERRNO or CALL[#N]=kill");
		return STATUS_USAGE;
	}
#endif
	return STATUS_OK;
}

int main(int argc, char **argv)
{
	struct globals globals = { .json = wants_json(argc, argv) };
	const struct option_set sets[2] = { { global_options, &globals } };
	enum status status;
	int dashes;

	context_on_wait = print_wait;
	trigger_on_wait = print_eviction;
	status = take_fault();
	if (!status)
		status = options_parse(sets, &argc, argv, true, &dashes);
	if (!status)
		status = run_global(&globals, argc, argv);
	print_failure(&globals, NULL, NULL);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "dmabufctl: standard output: %s\n", strerror(errno));
		return status ? (int)status : STATUS_FAILED;
	}
	return status;
}
