// SPDX-License-Identifier: GPL-2.0-only
/* The groups, and what is the same for the cases of all of them. */
#include <stdio.h>

#include "conform/conform.h"
#include "rules/rules.h"

extern const struct conform_case export_cases[], fd_cases[], import_cases[], domain_cases[],
	life_cases[], revoke_cases[], data_cases[], device_cases[], isolation_cases[];

const struct conform_group conform_groups[] = {
	{ "export", export_cases },	  { "fd", fd_cases },
	{ "import", import_cases },	  { "domain", domain_cases },
	{ "life", life_cases },		  { "revoke", revoke_cases },
	{ "data", data_cases },		  { "device", device_cases },
	{ "isolation", isolation_cases }, { 0 },
};

void conform_source(const struct conform_case *conform_case, char *text, size_t size)
{
	const struct rule *rule;

	if (conform_case->source) {
		snprintf(text, size, "%s", conform_case->source);
		return;
	}
	rule = rule_find(conform_case->refusal);
	snprintf(text, size, "%s%s%s", rule->function ? rule->function : "",
		 rule->function ? "() in " : "", rule->file);
}

const char *conform_outcome_name(enum conform_outcome outcome)
{
	static const char *const names[] = { "passed", "failed", "known", "skipped" };

	return names[outcome];
}
