// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/judgement.h"

#include <stdio.h>
#include <string.h>

#include "rules/rules.h"
#include "util/text.h"

static void set(struct judgement *judgement, enum status status, int error)
{
	*judgement = (struct judgement){ .status = status, .error = error };
}

#define because(judgement, ...) snprintf((judgement)->why, sizeof((judgement)->why), __VA_ARGS__)
#define suggest(judgement, ...) \
	snprintf((judgement)->remedy, sizeof((judgement)->remedy), __VA_ARGS__)

static void is_incomplete(const struct revocation *revocation, int error,
			  struct judgement *judgement)
{
	set(judgement, STATUS_FAILED, error);
	because(judgement, "%s",
		revocation->pulled ? "the trigger was pulled, but the device did not come back" :
				     "it revoked, but the kernel could not complete it");
	suggest(judgement,
		"the kernel log says why; 'dmabufctl device %s' shows the device as it is",
		revocation->name.bdf);
}

static void is_impossible(const struct revocation *revocation, int error,
			  struct judgement *judgement)
{
	const struct rule_subject subject = { .trigger = revocation->trigger };
	struct rule_finding finding;
	const struct rule *rule = rule_of_error(revoke_rules, error, &subject, &finding);

	set(judgement, trigger_is_unsupported(error) ? STATUS_UNSUPPORTED : status_of_errno(error),
	    error);
	because(judgement, "%s", rule ? rule->sentence : strerrordesc_np(-error));
	if (trigger_is_unsupported(error))
		suggest(judgement, "try --by memory; 'dmabufctl device %s' shows its reset methods",
			revocation->name.bdf);
}

void judge_revocation(const struct revocation *revocation, int error, struct judgement *judgement)
{
	const char *if_live = revocation->trigger->if_live;

	if (error && (revocation->pulled || revocation_was_seen(revocation))) {
		is_incomplete(revocation, error, judgement);
	} else if (error) {
		is_impossible(revocation, error, judgement);
	} else if (!revocation->observed) {
		set(judgement, STATUS_UNOBSERVED, 0);
		because(judgement, "%s",
			if_live ? if_live : "revocation was not observed on every mapping");
		suggest(judgement,
			"the table shows which; 'dmabufctl doctor' says what evidence is "
			"to be had here");
	} else {
		set(judgement, STATUS_OK, 0);
	}
}

void judge_owners(const struct revocation *revocation, const char *tool,
		  struct judgement *judgement)
{
	const struct rule *rule = rule_find("revoke-others");
	char others[256] = "";
	const char *first = NULL;

	for (unsigned i = 0; i < revocation->hit_count; i++) {
		const char *other = revocation->hit[i].name.bdf;

		if (revocation->hit[i].owned)
			continue;
		text_join(others, sizeof(others), ", ", "%s", other);
		first = first ? first : other;
	}
	set(judgement, first ? STATUS_FAILED : STATUS_OK, first ? -rule->error : 0);
	if (!first)
		return;
	because(judgement, "%s: %s", rule->sentence, others);
	suggest(judgement, "'dmabufctl bind %s', and open it in this context: '%s attach %s'",
		first, tool, first);
}

enum status fail_judgement(const struct revocation *revocation, const struct judgement *judgement)
{
	if (!judgement->status)
		return STATUS_OK;
	fail_with(judgement->status, judgement->error, "revoke %s --by %s", revocation->name.bdf,
		  revocation->trigger->name);
	fail_because("%s", judgement->why);
	if (*judgement->remedy)
		fail_hint("%s", judgement->remedy);
	return judgement->status;
}
