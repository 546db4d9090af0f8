/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of capabilities in a PCI function's config space, whoever reads that. */
#ifndef DMABUFCTL_KERNEL_CAPABILITY_H
#define DMABUFCTL_KERNEL_CAPABILITY_H

#include <stdint.h>

/* Reads 1, 2 or 4 bytes of config space, in the CPU's byte order: 0 or a negative errno. */
typedef int config_read(const void *space, unsigned offset, unsigned bytes, uint32_t *value);

/* Where a capability starts; -EOPNOTSUPP when there is none of that kind. */
int capability_find(config_read *read, const void *space, uint8_t wanted, unsigned *position);

#endif
