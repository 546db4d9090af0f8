/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making anew what a closed device takes along for ever: its dma-bufs, and their mappings. Each
 * comes back under its name, with its ranges, at its IOVA.
 */
#ifndef DMABUFCTL_CONTEXT_REBUILD_H
#define DMABUFCTL_CONTEXT_REBUILD_H

#include "context/operation.h"

/*
 * Opens the device again, attached to ioas ("": to none), exports its dma-bufs again and imports
 * their mappings. 0 or a negative errno; what had been brought back by then stays.
 */
int context_rebuild(struct context *context, const struct pci_name *name, const char *ioas);

#endif
