// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/command.h"

#include <string.h>

#include "ui/guess.h"

const struct command *find_command(const char *name)
{
	/* For each line of a batch: most differ in the first letter. */
	for (const struct command *const *command = commands; *command; command++)
		if (*(*command)->name == *name && !strcmp((*command)->name, name))
			return *command;
	return NULL;
}

enum status unknown_command(const char *name)
{
	struct guess guess = { .word = name, .length = strlen(name) };

	for (const struct command *const *command = commands; *command; command++)
		guess_consider(&guess, (*command)->name);
	fail_with(STATUS_USAGE, 0, "unknown command '%s'", name);
	guess_hint(&guess, "");
	return STATUS_USAGE;
}
