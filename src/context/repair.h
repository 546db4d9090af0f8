/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DMABUFCTL_CONTEXT_REPAIR_H
#define DMABUFCTL_CONTEXT_REPAIR_H

#include "context/context.h"

/*
 * Brings the kernel back to what the record says after a command was killed: mappings and
 * objects that nobody recorded go, attachments become the recorded ones.
 */
int context_repair(struct context *context);

/*
 * Undoes the triggers that were pulled by commands which were killed, or interrupted, before they
 * could: memory decode, power state and driver come back. What cannot be undone is told
 * (context_on_undo) and not tried again; only a failing record is an error. Mappings that were
 * being recovered are mapped again.
 */
int context_undo(struct context *context);

#endif
