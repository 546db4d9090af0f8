// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/lockdown.h"

#include <string.h>

#include "kernel/sys.h"
#include "util/scope.h"

bool lockdown_is_confidential(void)
{
	auto_free char *levels = NULL;

	return !sys_read_file("/sys/kernel/security/lockdown", &levels) &&
	       strstr(levels, "[confidentiality]");
}
