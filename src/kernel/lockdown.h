/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the kernel is locked down for confidentiality (security/lockdown/): then it keeps from
 * root, too, what shows its memory, which is tracefs and programs in BPF that read it.
 */
#ifndef DMABUFCTL_KERNEL_LOCKDOWN_H
#define DMABUFCTL_KERNEL_LOCKDOWN_H

#include <stdbool.h>

/* False when securityfs, which tells it, is not mounted. */
bool lockdown_is_confidential(void);

#endif
