/* SPDX-License-Identifier: GPL-2.0-only */
/* The usage of the program and of its commands. */
#ifndef DMABUFCTL_CMD_SHARED_USAGE_H
#define DMABUFCTL_CMD_SHARED_USAGE_H

struct command;

/* The usage on standard output: of the command, or of the program when it is NULL. */
void print_usage(const struct command *command);

#endif
