/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a context's record from its holder. */
#ifndef DMABUFCTL_CONTEXT_LOAD_H
#define DMABUFCTL_CONTEXT_LOAD_H

#include "context/context.h"

/*
 * All objects. -EBADMSG when one of them is not understood, or refers to what is not there: that
 * one is left out, the others are there, and context->why says what is wrong with each.
 */
int context_load(struct context *context);

#endif
