// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/usage.h"

#include <stdio.h>

#include "cmd/shared/command.h"

static void print_program_usage(void)
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

static void print_command_usage(const struct command *command)
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

void print_usage(const struct command *command)
{
	if (command)
		print_command_usage(command);
	else
		print_program_usage();
}
