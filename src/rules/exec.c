// SPDX-License-Identifier: GPL-2.0-only
/* Why a program is not run. */
#include <errno.h>

#include "rules/rule.h"

const struct rule exec_rules[] = {
	{ .id = "exec-missing",
	  .error = ENOENT,
	  .during = "exec",
	  .sentence = "there is no such program, or no such interpreter",
	  .function = "do_open_execat",
	  .file = "fs/exec.c",
	  .since = ANY,
	  .remedy = "give its path, or look at PATH" },
	{ .id = "exec-permission",
	  .error = EACCES,
	  .during = "exec",
	  .sentence = "the program is not executable",
	  .function = "do_open_execat",
	  .file = "fs/exec.c",
	  .since = ANY,
	  .remedy = "chmod +x, or mount its file system without noexec" },
	{ 0 },
};
