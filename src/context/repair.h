/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command that was killed, or interrupted, left half done. */
#ifndef DMABUFCTL_CONTEXT_REPAIR_H
#define DMABUFCTL_CONTEXT_REPAIR_H

#include "context/context.h"

/*
 * Called, when not NULL, with what a killed command had left on a device when that has been put
 * right (error 0), or could not be (then it is not tried again).
 */
extern void (*context_on_undo)(const char *device, const char *trigger, int error);

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
