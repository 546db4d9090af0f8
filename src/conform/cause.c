// SPDX-License-Identifier: GPL-2.0-only
#include "conform/cause.h"

#include "kernel/vfio.h"

static int pull_reset(struct trial *trial)
{
	int rc = vfio_reset(the_exporter(trial));

	return rc == -EINVAL ? -EOPNOTSUPP : rc;
}

/* ENOTTY: it was done, and the link took longer than the kernel waits, as QEMU's does. */
static int pull_hot_reset(struct trial *trial)
{
	int rc = vfio_hot_reset(the_exporter(trial));

	if (rc == -ENOTTY)
		return 0;
	return rc == -EINVAL || rc == -ENODEV || rc == -EPERM ? -EOPNOTSUPP : rc;
}

static int pull_flr(struct trial *trial)
{
	return vfio_flr(the_exporter(trial));
}

static int memory_off(struct trial *trial)
{
	return vfio_set_memory_decode(the_exporter(trial), false);
}

static int memory_on(struct trial *trial)
{
	return vfio_set_memory_decode(the_exporter(trial), true);
}

static int to_d3hot(struct trial *trial)
{
	return vfio_set_power(the_exporter(trial), VFIO_D3HOT);
}

static int to_d0(struct trial *trial)
{
	return vfio_set_power(the_exporter(trial), VFIO_D0);
}

static int low_power(struct trial *trial)
{
	int rc = vfio_set_low_power(the_exporter(trial), true);

	return rc == -ENOTTY ? -EOPNOTSUPP : rc;
}

static int full_power(struct trial *trial)
{
	return vfio_set_low_power(the_exporter(trial), false);
}

static int pull_sysfs_reset(struct trial *trial)
{
	int rc = pci_reset(&trial->setup->exporter->name);

	return rc == -ENOENT || rc == -ENOTTY ? -EOPNOTSUPP : rc;
}

const struct cause cause_reset = { "a reset", pull_reset, NULL };
const struct cause cause_hot_reset = { "a hot reset", pull_hot_reset, NULL };
const struct cause cause_flr = { "a function level reset", pull_flr, NULL };
const struct cause cause_memory = { "memory decode off", memory_off, memory_on };
const struct cause cause_d3hot = { "D3hot", to_d3hot, to_d0 };
const struct cause cause_low_power = { "low power", low_power, full_power };
const struct cause cause_sysfs_reset = { "a reset through sysfs", pull_sysfs_reset, NULL };

void pull(struct trial *trial, const struct cause *cause)
{
	int rc = cause->pull(trial);

	if (rc == -EOPNOTSUPP)
		trial_skip(trial, "the device has no such thing: %s", cause->name);
	expect_done(trial, rc, "%s", cause->name);
}

void undo(struct trial *trial, const struct cause *cause)
{
	if (cause->undo)
		expect_done(trial, cause->undo(trial), "the end of %s", cause->name);
}

void pull_and_undo(struct trial *trial, const struct cause *cause)
{
	pull(trial, cause);
	undo(trial, cause);
}
