/* SPDX-License-Identifier: GPL-2.0-only */
/* What makes the exporter's memory go away, for the groups that try each of them. */
#ifndef DMABUFCTL_CONFORM_CAUSE_H
#define DMABUFCTL_CONFORM_CAUSE_H

#include "conform/trial.h"
#include "kernel/vfio_trigger.h"

struct cause {
	const char *name;
	const struct vfio_trigger *trigger; /* NULL: through sysfs */
};

extern const struct cause cause_reset, cause_hot_reset, cause_flr, cause_memory, cause_d3hot,
	cause_low_power, cause_sysfs_reset;

/* Until undo(). */
bool cause_lasts(const struct cause *cause);

/* Skips the case where the device has no such thing. */
void pull(struct trial *trial, const struct cause *cause);
void undo(struct trial *trial, const struct cause *cause);
void pull_and_undo(struct trial *trial, const struct cause *cause);

#endif
