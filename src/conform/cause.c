// SPDX-License-Identifier: GPL-2.0-only
#include "conform/cause.h"

static int pull_sysfs_reset(struct trial *trial)
{
	int rc = pci_reset(&trial->setup->exporter->name);

	return rc == -ENOENT || rc == -ENOTTY ? -EOPNOTSUPP : rc;
}

const struct cause cause_reset = { "a reset", &vfio_reset_trigger };
const struct cause cause_hot_reset = { "a hot reset", &vfio_hot_reset_trigger };
const struct cause cause_flr = { "a function level reset", &vfio_flr_trigger };
const struct cause cause_memory = { "memory decode off", &vfio_memory_trigger };
const struct cause cause_d3hot = { "D3hot", &vfio_d3hot_trigger };
const struct cause cause_low_power = { "low power", &vfio_low_power_trigger };
const struct cause cause_sysfs_reset = { "a reset through sysfs", NULL };

bool cause_lasts(const struct cause *cause)
{
	return cause->trigger && cause->trigger->undo;
}

void pull(struct trial *trial, const struct cause *cause)
{
	int rc = cause->trigger ? cause->trigger->pull(the_exporter(trial)) :
				  pull_sysfs_reset(trial);

	if (rc == -EOPNOTSUPP)
		trial_skip(trial, "the device has no such thing: %s", cause->name);
	expect_done(trial, rc, "%s", cause->name);
}

void undo(struct trial *trial, const struct cause *cause)
{
	if (cause_lasts(cause))
		expect_done(trial, cause->trigger->undo(the_exporter(trial)), "the end of %s",
			    cause->name);
}

void pull_and_undo(struct trial *trial, const struct cause *cause)
{
	pull(trial, cause);
	undo(trial, cause);
}
