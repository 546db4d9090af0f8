/* SPDX-License-Identifier: GPL-2.0-only */
/* What makes VFIO revoke the dma-bufs of a device within one call on its fd, and leaves it open. */
#ifndef DMABUFCTL_KERNEL_VFIO_TRIGGER_H
#define DMABUFCTL_KERNEL_VFIO_TRIGGER_H

struct vfio_trigger {
	const char *name;
	/* -EOPNOTSUPP: the device has no such thing. */
	int (*pull)(int device);
	/* Lets the memory be mapped again; NULL: pull() does. */
	int (*undo)(int device);
};

extern const struct vfio_trigger vfio_reset_trigger, vfio_flr_trigger, vfio_memory_trigger,
	vfio_d3hot_trigger, vfio_low_power_trigger, vfio_hot_reset_trigger;

/* All of them, NULL at the end. */
extern const struct vfio_trigger *const vfio_triggers[];

#endif
