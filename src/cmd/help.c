// SPDX-License-Identifier: GPL-2.0-only
/* help: prints the usage. */
#include "cmd/shared/usage.h"

#include "cmd/shared/command.h"

static enum status run(struct call *call)
{
	const struct command *command = call->count ? find_command(call->arguments[0]) : NULL;

	if (call->count && !command)
		return unknown_command(call->arguments[0]);
	print_usage(command);
	return STATUS_OK;
}

const struct command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "print the usage of the program, or of a command",
	.description = "The same as COMMAND --help.",
	.least = 0,
	.most = 1,
	.context = CONTEXT_NONE,
	.streams = true, /* text for people */
	.run = run,
};
