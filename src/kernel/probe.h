/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of our own, where the kernel has none: probes at functions of its dma-buf core, as
 * tracefs makes them. They are the whole machine's. All who use them share them, and who ends
 * last takes them away: the kernel keeps those that anybody still has enabled.
 */
#ifndef DMABUFCTL_KERNEL_PROBE_H
#define DMABUFCTL_KERNEL_PROBE_H

#include "kernel/record.h"

#define PROBE_SYSTEM "dmabufctl"

/* The event's name in PROBE_SYSTEM; NULL: there is no probe for that kind. */
const char *probe_name(enum record_kind kind);

/* The offsets that the probes need; tells nothing about whether the kernel takes probes. */
struct probe_offsets;
/* NULL when the kernel does not describe its types, or memory is short. */
struct probe_offsets *probe_offsets_new(void);

/* Makes the probe, or finds it made. 0 or a negative errno. */
int probe_add(const struct probe_offsets *offsets, enum record_kind kind);

/* Removes those that nobody has enabled. */
void probe_remove_unused(void);

#endif
