/* SPDX-License-Identifier: GPL-2.0-only */
/* From words to a command that runs, in the context that it wants, and its result printed. */
#ifndef DMABUFCTL_CMD_SHARED_DISPATCH_H
#define DMABUFCTL_CMD_SHARED_DISPATCH_H

#include "cmd/shared/command.h"

/* The words of the program, argv[0] its own name: global options, then a command line. */
enum status run_program(int argc, char **argv);

/*
 * Runs one command line, argv[0] its name, and prints what comes of it. shared: a context
 * that is open already, or NULL. position: where the line is from, for messages, or NULL.
 */
enum status run_command(const struct globals *globals, struct context *shared, int argc,
			char **argv, const struct position *position);

/*
 * Prints the failure that is noted, if any, as the globals say, and forgets it. command: NULL
 * when there is none.
 */
void print_failure(const struct globals *globals, const char *command,
		   const struct position *position);

#endif
