// SPDX-License-Identifier: GPL-2.0-only
/* Why an object cannot be released. */
#include <errno.h>

#include "context/operation.h"
#include "rules/rule.h"
#include "util/text.h"

static enum applies is_needed(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct object *user;

	if (!subject->released)
		return APPLIES_UNKNOWN;
	user = context_user_of(subject->context, subject->released);
	if (!user)
		return APPLIES_NO;
	suggest(finding, "'%s %s %s' first, or release --all", subject->tool,
		user->kind == OBJECT_DEVICE  ? "detach" :
		user->kind == OBJECT_MAPPING ? "unmap" :
					       "release",
		user->name);
	copy_text(finding->object, sizeof(finding->object), user->name);
	return found(finding, "%s", user->name);
}

const struct rule release_rules[] = {
	{ .id = "release-user",
	  .error = EBUSY,
	  .during = "release",
	  .sentence = "another object needs it",
	  .function = "iommufd_object_remove",
	  .file = "drivers/iommu/iommufd/main.c",
	  .since = ANY,
	  .remedy = "release what the message names first",
	  .applies = is_needed },
	{ 0 },
};
