// SPDX-License-Identifier: GPL-2.0-only
/* All rules, and finding one among them. */
#include <assert.h>
#include <string.h>

#include "rules/rules.h"

const struct rule *const rule_tables[] = { import_rules, map_rules,    memory_rules,  open_rules,
					   export_rules, attach_rules, bind_rules,    revoke_rules,
					   pass_rules,	 exec_rules,   monitor_rules, release_rules,
					   verify_rules, NULL };

const struct rule *rule_find(const char *id)
{
	for (const struct rule *const *table = rule_tables; *table; table++)
		for_each_rule(rule, *table)
			if (!strcmp(rule->id, id))
				return rule;
	assert(!"no such rule");
	return NULL;
}

bool rule_is_known(int error, const char *command)
{
	for (const struct rule *const *table = rule_tables; command && *table; table++)
		for_each_rule(rule, *table)
			if (rule->error == error && rule_is_during(rule, command))
				return true;
	return false;
}
