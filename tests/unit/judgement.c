// SPDX-License-Identifier: GPL-2.0-only
/* What a trigger's outcome is called, and that it takes along nobody else's device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/judgement.h"
#include "tests/unit/check.h"

static const struct trigger plain = { .name = "reset" };
static const struct trigger outlived = { .name = "sysfs-reset", .if_live = "a hole" };

static const struct {
	const char *name;
	int error;
	bool pulled, seen, observed;
	const struct trigger *trigger;
	enum status status;
	const char *why;
} outcomes[] = {
	{ "revoked", 0, true, true, true, &plain, STATUS_OK, "" },
	{ "not observed", 0, true, false, false, &plain, STATUS_UNOBSERVED, "was not observed" },
	{ "one of two not observed", 0, true, true, false, &plain, STATUS_UNOBSERVED,
	  "was not observed" },
	{ "not observed, as is known", 0, true, false, false, &outlived, STATUS_UNOBSERVED,
	  "a hole" },
	{ "did not come back", -EIO, true, false, true, &plain, STATUS_FAILED,
	  "did not come back" },
	{ "not completed", -ENOTTY, false, true, true, &plain, STATUS_FAILED,
	  "could not complete" },
	{ "lacking", -EINVAL, false, false, false, &plain, STATUS_UNSUPPORTED,
	  "the device has no reset" },
	{ "forbidden", -EACCES, false, false, false, &plain, STATUS_PERMISSION, "denied" },
	{ "another error", -EIO, false, false, false, &plain, STATUS_FAILED, "Input/output error" },
};

static const struct {
	bool owned[3];
	enum status status;
	const char *why;
} owners[] = {
	{ { true, true, true }, STATUS_OK, "" },
	{ { true, true, false }, STATUS_FAILED, "not this context's: 0000:03:00.2" },
	{ { true, false, false }, STATUS_FAILED, "not this context's: 0000:03:00.1, 0000:03:00.2" },
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

int main(void)
{
	struct judgement judgement;

	for (unsigned i = 0; i < LENGTH(outcomes); i++) {
		struct affected mapping = { .unmapped = outcomes[i].seen };
		struct revocation revocation = {
			.trigger = outcomes[i].trigger,
			.affected = &mapping,
			.count = 1,
			.pulled = outcomes[i].pulled,
			.observed = outcomes[i].observed,
		};

		judge_revocation(&revocation, outcomes[i].error, &judgement);
		check(judgement.status == outcomes[i].status &&
			      strstr(judgement.why, outcomes[i].why) &&
			      !*judgement.why == !*outcomes[i].why,
		      "%s: %d '%s'", outcomes[i].name, judgement.status, judgement.why);
	}
	for (unsigned i = 0; i < LENGTH(owners); i++) {
		struct vfio_reset_member hit[3] = { 0 };
		struct revocation revocation = { .trigger = &plain, .hit = hit, .hit_count = 3 };

		for (unsigned each = 0; each < 3; each++) {
			snprintf(hit[each].name.bdf, sizeof(hit[each].name.bdf), "0000:03:00.%u",
				 each);
			hit[each].owned = owners[i].owned[each];
		}
		judge_owners(&revocation, "dmabufctl", &judgement);
		check(judgement.status == owners[i].status &&
			      strstr(judgement.why, owners[i].why) &&
			      !*judgement.why == !*owners[i].why,
		      "owners: %d '%s'", judgement.status, judgement.why);
	}
	return check_plan();
}
