/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DMABUFCTL_CMD_SHARED_COMPLETE_H
#define DMABUFCTL_CMD_SHARED_COMPLETE_H

#include "cmd/command.h"

/* What can be the next word after the words given, a line each; words[0] is the command. */
void print_completions(const struct globals *globals, int count, char **words);

#endif
