// SPDX-License-Identifier: GPL-2.0-only
/* Why the kernel's events cannot be had. */
#include <errno.h>

#include "kernel/trace.h"
#include "rules/rule.h"

static enum applies lacks_tracefs(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	return applies_if(trace_available() == -ENOENT);
}

static enum applies is_roots(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	return applies_if(trace_available() == -EACCES);
}

const struct rule monitor_rules[] = {
	{ .id = "monitor-tracefs",
	  .error = ENOENT,
	  .during = "monitor",
	  .sentence = "tracefs, or its iommu events, are not there",
	  .function = "tracefs_init",
	  .file = "fs/tracefs/inode.c",
	  .since = ANY,
	  .remedy = "mount -t tracefs tracefs /sys/kernel/tracing, as root; CONFIG_FTRACE",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = lacks_tracefs },
	{ .id = "monitor-permission",
	  .error = EACCES,
	  .during = "monitor",
	  .sentence = "tracefs is root's",
	  .function = "tracefs_apply_options",
	  .file = "fs/tracefs/inode.c",
	  .since = ANY,
	  .remedy = "run as root",
	  .applies = is_roots },
	{ 0 },
};
