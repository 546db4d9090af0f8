// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/limit.h"

#include <sys/resource.h>

static struct rlimit before;

void limit_raise_fds(void)
{
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &before))
		return;
	raised = before;
	raised.rlim_cur = raised.rlim_max;
	setrlimit(RLIMIT_NOFILE, &raised);
}

void limit_restore_fds(void)
{
	if (before.rlim_max)
		setrlimit(RLIMIT_NOFILE, &before);
}
