/* SPDX-License-Identifier: GPL-2.0-only */
/* The usage of the program and of its commands. */
#ifndef DMABUFCTL_CMD_HELP_H
#define DMABUFCTL_CMD_HELP_H

struct command;

/* The usage on standard output: of the command, or of the program when it is NULL. */
void print_help(const struct command *command);

#endif
