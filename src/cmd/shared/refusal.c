// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/refusal.h"

#include <stdarg.h>
#include <stdio.h>

/* What was to be done, and to which object. */
#define WHAT_SIZE 400
#define format_what(what, format)                         \
	do {                                              \
		va_list args;                             \
		va_start(args, format);                   \
		vsnprintf(what, WHAT_SIZE, format, args); \
		va_end(args);                             \
	} while (0)

static enum status status_of_rule(const struct rule *rule, const struct rule_finding *finding)
{
	switch (finding->refusal ? finding->refusal : rule->refusal) {
	case REFUSAL_FAILED:
		return STATUS_FAILED;
	case REFUSAL_UNSUPPORTED:
		return STATUS_UNSUPPORTED;
	case REFUSAL_REVOKED:
		return STATUS_REVOKED;
	default:
		return status_of_errno(rule->error);
	}
}

/* rule NULL: none is known. */
static enum status note(const struct rule *rule, const struct rule_finding *finding, int error,
			const char *what)
{
	enum status status = fail_errno(error, "%s", what);
	char why[RULE_WHY_SIZE];

	if (!rule)
		return status;
	rule_why(rule, finding, why);
	fail_because("%s", why);
	fail_hint("%s", rule_remedy(rule, finding));
	return fail_status(status_of_rule(rule, finding));
}

enum status refuse(const struct rule *table, const struct rule_subject *subject, int error,
		   const char *format, ...)
{
	struct rule_finding finding;
	char what[WHAT_SIZE];

	format_what(what, format);
	return note(rule_of_error(table, error, subject, &finding), &finding, error, what);
}

enum status refuse_by(const struct rule *rule, const struct rule_subject *subject,
		      const char *format, ...)
{
	struct rule_finding finding;
	char what[WHAT_SIZE];

	format_what(what, format);
	rule_look(rule, subject, &finding);
	return note(rule, &finding, rule->error, what);
}

enum status refuse_foreseen(const struct rule *table, const struct rule_subject *subject,
			    const char *format, ...)
{
	struct rule_finding finding;
	const struct rule *rule = rule_foreseen(table, subject, &finding);
	char what[WHAT_SIZE];

	if (!rule)
		return STATUS_OK;
	format_what(what, format);
	return note(rule, &finding, rule->error, what);
}
