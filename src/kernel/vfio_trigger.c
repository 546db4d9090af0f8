// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/vfio_trigger.h"

#include <errno.h>
#include <stddef.h>

#include "kernel/vfio.h"

static int pull_reset(int device)
{
	int rc = vfio_reset(device);

	return rc == -EINVAL ? -EOPNOTSUPP : rc;
}

/* ENOTTY: it was done, and the link took longer than the kernel waits, as QEMU's does. */
static int pull_hot_reset(int device)
{
	int rc = vfio_hot_reset(device);

	if (rc == -ENOTTY)
		return 0;
	return rc == -EINVAL || rc == -ENODEV || rc == -EPERM ? -EOPNOTSUPP : rc;
}

static int memory_off(int device)
{
	return vfio_set_memory_decode(device, false);
}

static int memory_on(int device)
{
	return vfio_set_memory_decode(device, true);
}

static int to_d3hot(int device)
{
	return vfio_set_power(device, VFIO_D3HOT);
}

static int to_d0(int device)
{
	return vfio_set_power(device, VFIO_D0);
}

static int low_power(int device)
{
	int rc = vfio_set_low_power(device, true);

	return rc == -ENOTTY ? -EOPNOTSUPP : rc;
}

static int full_power(int device)
{
	return vfio_set_low_power(device, false);
}

const struct vfio_trigger vfio_reset_trigger = { "reset", pull_reset, NULL };
const struct vfio_trigger vfio_flr_trigger = { "flr", vfio_flr, NULL };
const struct vfio_trigger vfio_memory_trigger = { "memory", memory_off, memory_on };
const struct vfio_trigger vfio_d3hot_trigger = { "d3hot", to_d3hot, to_d0 };
const struct vfio_trigger vfio_low_power_trigger = { "low-power", low_power, full_power };
const struct vfio_trigger vfio_hot_reset_trigger = { "hot-reset", pull_hot_reset, NULL };

const struct vfio_trigger *const vfio_triggers[] = {
	&vfio_reset_trigger,
	&vfio_flr_trigger,
	&vfio_memory_trigger,
	&vfio_d3hot_trigger,
	&vfio_low_power_trigger,
	&vfio_hot_reset_trigger,
	NULL,
};
