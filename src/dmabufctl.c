// SPDX-License-Identifier: GPL-2.0-only
/* The program: its commands, its global options, and the check that the output arrived. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/shared/dispatch.h"
#include "cmd/shared/opening.h"
#include "kernel/limit.h"
#include "kernel/sys.h"

extern const struct command cmd_adopt, cmd_attach, cmd_batch, cmd_bench, cmd_bind, cmd_conform,
	cmd_context, cmd_detach, cmd_device, cmd_doctor, cmd_exec, cmd_explain, cmd_export,
	cmd_help, cmd_import, cmd_list, cmd_monitor, cmd_recover, cmd_release, cmd_revoke,
	cmd_status, cmd_topology, cmd_unbind, cmd_unmap, cmd_verify;

const struct command *const commands[] = {
	&cmd_doctor, &cmd_device,   &cmd_bind,	  &cmd_unbind,	&cmd_export,  &cmd_attach,
	&cmd_detach, &cmd_import,   &cmd_unmap,	  &cmd_release, &cmd_revoke,  &cmd_recover,
	&cmd_verify, &cmd_topology, &cmd_status,  &cmd_list,	&cmd_monitor, &cmd_adopt,
	&cmd_exec,   &cmd_batch,    &cmd_conform, &cmd_bench,	&cmd_explain, &cmd_context,
	&cmd_help,   NULL,
};

const struct option_entry global_options[] = {
	OPT_TEXT(struct globals, context, "context", "CONTEXT",
		 "the context to work in (default: default)"),
	OPT_SECONDS(
		struct globals, wait, "wait", "SECONDS",
		"how long to wait for another command that has the context (default: no limit)"),
	OPT_FLAG(struct globals, no_wait, "no-wait", 0,
		 "fail at once when another command has the context"),
	OPT_FLAG(struct globals, json, "json", 0, "print JSON, one object a command, errors too"),
	OPT_FLAG(struct globals, no_header, "no-header", 0,
		 "print tables without headings and titles"),
	OPT_COUNT(struct globals, verbose, "verbose", 'v',
		  "say more; twice: each system call, decoded"),
	OPT_FLAG(struct globals, help, "help", 'h', "print this and exit"),
	OPT_FLAG(struct globals, version, "version", 'V', "print the version and exit"),
	OPT_FLAG(struct globals, list_commands, "list-commands", 0,
		 "print the commands' names and exit"),
	OPT_FLAG(struct globals, list_options, "list-options", 0,
		 "print the options of COMMAND, or the global ones, and exit"),
	OPT_FLAG(struct globals, complete, "complete", 0,
		 "print what can follow COMMAND and its arguments, and exit"),
	{ 0 },
};

int main(int argc, char **argv)
{
	enum status status;

	limit_raise_fds();
	report_waits();
	if (sys_open_standard())
		return STATUS_FAILED;
	status = run_program(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "dmabufctl: standard output: %s\n", strerror(errno));
		return status ? (int)status : STATUS_FAILED;
	}
	return status;
}
