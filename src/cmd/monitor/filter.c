// SPDX-License-Identifier: GPL-2.0-only
/* Which events are asked for. */
#include "cmd/monitor/filter.h"

#include <string.h>

static bool is_in_context(const struct naming *naming, const char *context,
			  const struct subject *subject)
{
	if (subject->context && !strcmp(subject->context, context))
		return true;
	for (unsigned i = 0; i < 2; i++)
		if (subject->devices[i] && naming_has_device(naming, context, subject->devices[i]))
			return true;
	return subject->inode && naming_has_dmabuf(naming, context, subject->inode);
}

static bool is_of_device(const char *device, const struct subject *subject)
{
	for (unsigned i = 0; i < 2; i++)
		if (subject->devices[i] && !strcmp(subject->devices[i], device))
			return true;
	return false;
}

bool filter_passes(const struct filter *filter, const struct naming *naming,
		   const struct subject *subject)
{
	return (!filter->context || is_in_context(naming, filter->context, subject)) &&
	       (!*filter->device.bdf || is_of_device(filter->device.bdf, subject));
}
