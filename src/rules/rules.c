// SPDX-License-Identifier: GPL-2.0-only
/* Looking whether a rule applies, and finding the one that stood in the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "importer/importer.h"
#include "rules/rules.h"
#include "util/text.h"

bool rule_is_during(const struct rule *rule, const char *command)
{
	size_t length = command ? strlen(command) : 0;
	const char *found = rule->during;

	if (!command)
		return true;
	while ((found = strstr(found, command))) {
		if ((found == rule->during || found[-1] == ' ') &&
		    (found[length] == '\0' || found[length] == ' '))
			return true;
		found += length;
	}
	return false;
}

static const struct object *object_of(const struct rule *rule, const struct rule_subject *subject)
{
	return rule->each == EACH_DMABUF  ? subject->dmabuf :
	       rule->each == EACH_MAPPING ? subject->mapping :
					    NULL;
}

/* Not the room for text, which is most of it. */
static void find_nothing(struct rule_finding *finding)
{
	*finding->object = *finding->detail = *finding->remedy = '\0';
	finding->refusal = REFUSAL_BY_ERRNO;
}

/* At a subject that leaves nothing open. */
static enum applies look_once(const struct rule *rule, const struct rule_subject *subject,
			      struct rule_finding *finding)
{
	const struct object *object = object_of(rule, subject);
	enum applies applies;

	find_nothing(finding);
	applies = rule->applies ? rule->applies(subject, finding) : APPLIES_UNKNOWN;
	if (applies == APPLIES_YES && object)
		copy_text(finding->object, sizeof(finding->object), object->name);
	return applies;
}

bool rule_is_of_importer(const struct rule *rule, const struct rule_subject *subject)
{
	return !rule->importer || !subject->importer ||
	       !strcmp(rule->importer, subject->importer->name);
}

enum applies rule_look(const struct rule *rule, const struct rule_subject *subject,
		       struct rule_finding *finding)
{
	enum object_kind kind = rule->each == EACH_DMABUF ? OBJECT_DMABUF : OBJECT_MAPPING;
	enum applies result = APPLIES_NO;

	if (!rule_is_of_importer(rule, subject)) {
		find_nothing(finding);
		return APPLIES_NO;
	}

	if (rule->each == EACH_NONE || object_of(rule, subject))
		return look_once(rule, subject, finding);
	find_nothing(finding);
	if (!subject->context)
		return APPLIES_UNKNOWN;
	for_each_object(object, &subject->context->objects, kind) {
		struct rule_subject one = *subject;
		enum applies applies;

		if (kind == OBJECT_DMABUF)
			one.dmabuf = object;
		else
			one.mapping = object;
		applies = look_once(rule, &one, finding);
		if (applies == APPLIES_YES)
			return applies;
		if (applies == APPLIES_UNKNOWN)
			result = applies;
	}
	return result;
}

static bool is_of_trigger(const struct rule *rule, const struct rule_subject *subject)
{
	return !rule->trigger || !subject->trigger ||
	       !strcmp(rule->trigger, subject->trigger->name);
}

const struct rule *rule_of_error(const struct rule *table, int error,
				 const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct rule *certain = NULL, *possible = NULL;
	unsigned possible_count = 0;

	for_each_rule(rule, table) {
		enum applies applies;

		if (rule->error != abs(error) || !is_of_trigger(rule, subject) ||
		    !rule_is_of_importer(rule, subject))
			continue;
		applies = rule_look(rule, subject, finding);
		if (applies == APPLIES_YES)
			return rule;
		if (rule->certain)
			certain = rule;
		if (applies == APPLIES_UNKNOWN) {
			possible = rule;
			possible_count++;
		}
	}
	if (!certain && possible_count == 1)
		certain = possible;
	if (certain)
		rule_look(certain, subject, finding);
	return certain;
}

const struct rule *rule_foreseen(const struct rule *table, const struct rule_subject *subject,
				 struct rule_finding *finding)
{
	for_each_rule(rule, table)
		if (rule->foreseen && rule_look(rule, subject, finding) == APPLIES_YES)
			return rule;
	return NULL;
}

void rule_why(const struct rule *rule, const struct rule_finding *finding, char why[RULE_WHY_SIZE])
{
	snprintf(why, RULE_WHY_SIZE, "%s%s%s", rule->sentence, *finding->detail ? ": " : "",
		 finding->detail);
}

const char *rule_remedy(const struct rule *rule, const struct rule_finding *finding)
{
	return *finding->remedy ? finding->remedy : rule->remedy;
}
