// SPDX-License-Identifier: GPL-2.0-only
/* Why a dma-buf does not pass from one process to another. */
#include <errno.h>

#include "rules/rule.h"

#define UNIX "net/unix/af_unix.c"
#define BEGIN_THERE "somebody must be waiting there, as 'dmabufctl adopt --receive-from' does"

/* What is at hand has no object, so that the kernel's errno alone can tell. */
static enum applies names_file(const struct rule_subject *subject, struct rule_finding *finding)
{
	if (subject->file)
		found(finding, "%s", subject->file);
	return APPLIES_UNKNOWN;
}

const struct rule pass_rules[] = {
	{ .id = "pass-trace",
	  .error = EPERM,
	  .during = "adopt",
	  .sentence = "not allowed to trace the process",
	  .function = "__pidfd_fget",
	  .file = "kernel/pid.c",
	  .since = ANY,
	  .remedy = "be its user and lower /proc/sys/kernel/yama/ptrace_scope, or have "
		    "CAP_SYS_PTRACE" },
	{ .id = "pass-process",
	  .error = ESRCH,
	  .during = "adopt",
	  .sentence = "there is no such process",
	  .function = "pidfd_open",
	  .file = "kernel/pid.c",
	  .since = ANY,
	  .remedy = "'list' shows who holds what" },
	{ .id = "pass-fd",
	  .error = EBADF,
	  .during = "adopt",
	  .sentence = "the process has no such fd",
	  .function = "__pidfd_fget",
	  .file = "kernel/pid.c",
	  .since = ANY,
	  .remedy = "'dmabufctl list --pid PID' shows those that are dma-bufs" },
	{ .id = "pass-file",
	  .error = EINVAL,
	  .during = "adopt",
	  .sentence = "the file is not a dma-buf",
	  .function = "dma_buf_get",
	  .file = "drivers/dma-buf/dma-buf.c",
	  .since = ANY,
	  .remedy = "'dmabufctl list' shows who holds which dma-buf in which fd",
	  .applies = names_file },
	{ .id = "pass-path",
	  .error = EADDRINUSE,
	  .during = "adopt",
	  .sentence = "somebody waits at the socket's path already, or it is another file",
	  .function = "unix_bind_bsd",
	  .file = UNIX,
	  .since = ANY,
	  .remedy = "give another path, or see to it that this one is free" },
	{ .id = "pass-no-socket",
	  .error = ENOENT,
	  .during = "export",
	  .sentence = "there is no socket at the path",
	  .function = "unix_find_bsd",
	  .file = UNIX,
	  .since = ANY,
	  .remedy = BEGIN_THERE },
	{ .id = "pass-nobody",
	  .error = ECONNREFUSED,
	  .during = "export",
	  .sentence = "nobody waits at the socket",
	  .function = "unix_find_bsd",
	  .file = UNIX,
	  .since = ANY,
	  .remedy = BEGIN_THERE },
	{ 0 },
};
