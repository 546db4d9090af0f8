// SPDX-License-Identifier: GPL-2.0-only
#include "util/errno.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Other names of the same numbers. */
static const struct {
	const char *name;
	int error;
} aliases[] = {
	{ "ENOTSUP", EOPNOTSUPP },
	{ "EWOULDBLOCK", EAGAIN },
	{ "EDEADLOCK", EDEADLK },
};

static bool is_name(const char *known, const char *name, size_t length)
{
	return strlen(known) == length && !strncasecmp(known, name, length);
}

int errno_of(const char *name, size_t length)
{
	for (int error = 1; error <= ERRNO_MAX; error++) {
		const char *known = strerrorname_np(error);

		if (known && is_name(known, name, length))
			return error;
	}
	for (unsigned i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (is_name(aliases[i].name, name, length))
			return aliases[i].error;
	return 0;
}
