// SPDX-License-Identifier: GPL-2.0-only
#include "rules/rule.h"

#include <stdarg.h>
#include <stdio.h>

enum applies found(struct rule_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->detail, sizeof(finding->detail), format, args);
	va_end(args);
	return APPLIES_YES;
}

void suggest(struct rule_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}
