// SPDX-License-Identifier: GPL-2.0-only
/* Whether the kernel is locked down for confidentiality, by what securityfs says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lockdown.h"
#include "kernel/sys.h"
#include "tests/unit/check.h"

static const char *levels; /* NULL: securityfs is not mounted */

int sys_read_file(const char *path, char **text)
{
	const char *from = !strcmp(path, "/sys/kernel/security/lockdown") ? levels : NULL;

	*text = from ? strdup(from) : NULL;
	return from ? 0 : -ENOENT;
}

static const struct {
	const char *levels;
	bool wanted;
} table[] = {
	{ "[none] integrity confidentiality", false },
	{ "none [integrity] confidentiality", false },
	{ "none integrity [confidentiality]", true },
	{ "", false },
	{ NULL, false },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		levels = table[i].levels;
		check(lockdown_is_confidential() == table[i].wanted, "%s",
		      levels ? levels : "not mounted");
	}
	return check_plan();
}
