// SPDX-License-Identifier: GPL-2.0-only
/* Why the kernel's events cannot be had. */
#include <errno.h>

#include "kernel/lockdown.h"
#include "kernel/trace.h"
#include "rules/rule.h"

static enum applies lacks_tracefs(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	return applies_if(trace_available() == -ENOENT);
}

static enum applies is_locked_down(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	return applies_if(lockdown_is_confidential());
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
	{ .id = "monitor-lockdown",
	  .error = EPERM,
	  .during = "monitor",
	  .sentence = "the kernel is locked down, which takes tracefs from root, too",
	  .function = "tracing_check_open_get_tr",
	  .file = "kernel/trace/trace.c",
	  .since = ANY,
	  .remedy = "boot with lockdown=integrity, or without lockdown",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = is_locked_down },
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
