// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/dispatch.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/complete.h"
#include "cmd/shared/opening.h"
#include "cmd/shared/usage.h"
#include "config.h"
#include "context/open.h"
#include "context/operation.h"
#include "kernel/sys.h"
#include "rules/rules.h"
#include "util/scope.h"
#include "util/text.h"

/* The usage's word for the argument of that index: "BAR" of "BDF BAR". */
static void name_argument(const struct command *command, int index, char *name, size_t size)
{
	const char *word = command->arguments;
	size_t length;

	for (;; word += length + strspn(word + length, " ")) {
		length = strcspn(word, " ");
		if (!*word || !index--)
			break;
	}
	if (length > strlen("...") && !strncmp(word + length - strlen("..."), "...", strlen("...")))
		length -= strlen("...");
	snprintf(name, size, "%.*s", (int)length, word);
}

static enum status count_arguments(const struct call *call)
{
	const struct command *command = call->command;
	char name[32];

	if (call->count >= command->least && (command->most < 0 || call->count <= command->most))
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "%s", command->name);
	if (call->count < command->least) {
		name_argument(command, call->count, name, sizeof(name));
		fail_because("%s is missing", name);
	} else {
		fail_because("too many arguments, from '%s' on", call->arguments[command->most]);
	}
	fail_hint("usage: dmabufctl %s%s%s", command->name, *command->arguments ? " " : "",
		  command->arguments);
	return STATUS_USAGE;
}

/* How many members every result has. */
#define RESULT_HEADER 2

static json_object *new_result(const char *command)
{
	json_object *result = json_object_new_object();

	json_put_text(result, "schema", OUTPUT_SCHEMA);
	json_put_text(result, "command", command);
	return result;
}

/* "FILE:LINE", malloc'd; NULL outside a batch. */
static char *position_text(const struct position *position)
{
	char *text;

	return position && asprintf(&text, "%s:%u", position->file, position->line) >= 0 ? text :
											   NULL;
}

/* By one write: a child's lines may come between this one's, and not within them. */
static void print_trace(const char *line)
{
	char *text = malloc(TEXT_ESCAPED(strlen(line)) + strlen("\n"));

	if (text)
		fwrite(text, 1, stpcpy(text_escape(text, line), "\n") - text, stderr);
	free(text);
}

/* Where the failure noted last is explained further, NULL when nowhere. */
static const char *pointer_text(const char *command)
{
	static char text[96];

	if (!rule_is_known(fail_error(), command))
		return NULL;
	snprintf(text, sizeof(text), "dmabufctl explain %s --during %s",
		 strerrorname_np(fail_error()), command);
	return text;
}

static json_object *error_to_json(const char *command, const struct position *position)
{
	const char *pointer = pointer_text(command);
	auto_free char *where = position_text(position);
	json_object *error = fail_to_json(where);

	json_put_text(error, "explain", pointer);
	return error;
}

void print_failure(const struct globals *globals, const char *command,
		   const struct position *position)
{
	json_object *result;

	if (!fail_is_noted())
		return;
	fflush(stdout);
	if (!globals->json) {
		const char *pointer = pointer_text(command);
		auto_free char *where = position_text(position);

		fail_print(stderr, where);
		if (pointer)
			fprintf(stderr, "dmabufctl: see '%s'\n", pointer);
		return;
	}
	result = new_result(command);
	json_object_object_add(result, "error", error_to_json(command, position));
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
	bool tables = call->command->sections && !(call->position && call->command->quiet_in_batch);
	enum status status;

	if ((json || tables) && !call->command->streams)
		call->result = new_result(call->command->name);
	status = call->command->run(call);
	if (status)
		release_made(call);
	/* What was found and what failed are one object in JSON; people get them on two streams. */
	if (json && call->result && fail_is_noted())
		json_object_object_add(call->result, "error",
				       error_to_json(call->command->name, call->position));
	if (call->draw && !status)
		call->draw(call);
	else if (json && call->result)
		output_json(call->result, &call->rows);
	else if (call->result && json_object_object_length(call->result) > RESULT_HEADER)
		output_tables(call->result, &call->rows, call->command->sections,
			      &(const struct output_style){ .verbose = call->globals->verbose,
							    .bare = call->globals->no_header,
							    .choice = call->columns });
	if (call->rows.free)
		call->rows.free(call->rows.state);
	json_object_put(call->result);
	return status;
}

static enum status run_in_context(const struct call *call, struct context *shared)
{
	struct call inner = *call;
	struct context own;
	enum status status;

	if (call->command->prepare) {
		status = call->command->prepare(&inner);
		if (status)
			return status;
	}
	inner.context = shared;
	if (call->command->context == CONTEXT_NONE || shared)
		return run_with_result(&inner);
	status = open_context(&own, call->globals->context, call->command->context);
	if (status)
		return status;
	inner.context = &own;
	status = run_with_result(&inner);
	context_close(&own);
	return status || !inner.finish ? status : inner.finish();
}

/* A usage error is JSON too when the words that could not be parsed ask for it. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

static void list_commands(void)
{
	for (const struct command *const *command = commands; *command; command++)
		puts((*command)->name);
}

/* What an option asks for in place of the command; true when one did. */
static bool print_instead(const struct globals *globals, const struct command *command)
{
	if (globals->help)
		print_usage(command);
	else if (globals->version)
		printf("dmabufctl %s\n", PACKAGE_VERSION);
	else if (globals->list_commands)
		list_commands();
	else if (globals->list_options)
		options_list(stdout, command ? command->options : global_options);
	else
		return false;
	return true;
}

/* What is the same for all lines of a batch is the batch's to say. */
static enum status check_globals(const struct globals *own, const struct globals *outer,
				 const struct position *position)
{
	if (own->complete) {
		fail_with(STATUS_USAGE, 0, "option --complete");
		fail_because("it goes before the command");
		return STATUS_USAGE;
	}
	if (position && own->context &&
	    (!outer->context || strcmp(own->context, outer->context) != 0)) {
		fail_with(STATUS_USAGE, 0, "option --context: '%s'", own->context);
		fail_because("all lines of a batch work in the context of the batch");
		fail_hint("give it to batch itself");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

/* command: NULL when there is none of that name. */
static enum status check_command(const struct command *command, const char *name,
				 const struct position *position)
{
	if (!command)
		return unknown_command(name);
	if (!position || !command->alone)
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "misplaced command '%s'", name);
	fail_hint("it cannot be part of a batch");
	return STATUS_USAGE;
}

/* With the command line parsed. */
static enum status run_call(struct call *call, const struct globals *outer,
			    const struct option_set *options, struct context *shared)
{
	enum status status = check_globals(call->globals, outer, call->position);

	if (status || print_instead(call->globals, call->command))
		return status;
	status = options_check_forms(options, call->globals->json);
	if (!status)
		status = count_arguments(call);
	return status ? status : run_in_context(call, shared);
}

enum status run_command(const struct globals *globals, struct context *shared, int argc,
			char **argv, const struct position *position)
{
	const struct command *command = find_command(argv[0]);
	enum status status = check_command(command, argv[0], position);
	_Alignas(max_align_t) char values[command ? command->options_size + 1 : 1];
	struct globals own = *globals;
	struct option_set sets[2] = { { global_options, &own } };
	struct call call = { .command = command, .globals = &own, .position = position };

	sets[1].table = command ? command->options : NULL;
	memset(values, 0, sizeof(values));
	sets[1].values = values;
	call.options = values;
	if (!status)
		status = options_parse(sets, &argc, argv, false, &call.before_dashes);
	if (!status)
		status = take_patience(&own);
	if (status)
		own.json |= wants_json(argc, argv);
	sys_trace = own.verbose >= 2 ? print_trace : NULL;
	call.count = argc - 1;
	call.arguments = argv + 1;
	if (!status)
		status = run_call(&call, globals, &sets[1], shared);
	print_failure(&own, command ? command->name : argv[0], position);
	options_free(&sets[1]);
	return status;
}

static enum status run_global(const struct globals *globals, int argc, char **argv)
{
	if (globals->complete)
		print_completions(globals, argc - 1, argv + 1);
	else if (argc > 1)
		return run_command(globals, NULL, argc - 1, argv + 1, NULL);
	else if (!print_instead(globals, NULL)) {
		fail_with(STATUS_USAGE, 0, "no command");
		fail_hint("--help lists them");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

/* For tests: the call that is to fail in this process. */
static enum status take_fault(void)
{
#if FAULT_INJECTION
	const char *text = getenv("DMABUFCTL_FAULT");

	if (text && !sys_inject_fault(text)) {
		fail_with(STATUS_USAGE, 0, "DMABUFCTL_FAULT='%s'", text);
		fail_because("not CALL[#N]=ERRNO or CALL[#N]=kill");
		return STATUS_USAGE;
	}
#endif
	return STATUS_OK;
}

enum status run_program(int argc, char **argv)
{
	struct globals globals = { 0 };
	const struct option_set sets[2] = { { global_options, &globals } };
	enum status status = take_fault();
	int dashes;

	if (!status)
		status = options_parse(sets, &argc, argv, true, &dashes);
	if (status)
		globals.json |= wants_json(argc, argv);
	else
		status = run_global(&globals, argc, argv);
	print_failure(&globals, NULL, NULL);
	return status;
}
