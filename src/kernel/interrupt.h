/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether devices' interrupts are isolated, without which iommufd refuses a device (EPERM). */
#ifndef DMABUFCTL_KERNEL_INTERRUPT_H
#define DMABUFCTL_KERNEL_INTERRUPT_H

enum interrupt_isolation {
	INTERRUPTS_UNKNOWN,
	INTERRUPTS_ISOLATED,
	INTERRUPTS_SHARED, /* no interrupt remapping */
	INTERRUPTS_UNSAFE, /* the same, and allowed by iommufd.allow_unsafe_interrupts */
};

enum interrupt_isolation interrupt_get_isolation(void);

#endif
