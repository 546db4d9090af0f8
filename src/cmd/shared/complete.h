/* SPDX-License-Identifier: GPL-2.0-only */
/* What a shell offers at TAB. Nothing here waits for anybody, starts or changes anything. */
#ifndef DMABUFCTL_CMD_SHARED_COMPLETE_H
#define DMABUFCTL_CMD_SHARED_COMPLETE_H

#include "cmd/shared/command.h"

/* Lines that tell the shell to offer what it knows best itself. */
#define COMPLETE_FILES ":files"
#define COMPLETE_COMMANDS ":commands"

/*
 * Prints what the last of the words, which follow the program's name, can become: a whole word a
 * line. What the words of a command and the values of options are is told by its usage
 * (command.arguments, option_entry.argument and .names).
 */
void print_completions(const struct globals *globals, int count, char **words);

#endif
