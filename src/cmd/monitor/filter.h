/* SPDX-License-Identifier: GPL-2.0-only */
/* Which events are asked for: by --event, --until, --context and --device. */
#ifndef DMABUFCTL_CMD_MONITOR_FILTER_H
#define DMABUFCTL_CMD_MONITOR_FILTER_H

#include "cmd/monitor/kind.h"
#include "context/naming.h"

struct filter {
	unsigned wanted, until; /* sets of kinds */
	const char *context;	/* NULL: any */
	struct pci_name device; /* "": any */
};

/* What an event is about; "", NULL and 0 where that is not known. */
struct subject {
	const char *context;
	const char *devices[2];
	uint64_t inode; /* of a dma-buf */
};

/* Whether it belongs to the context, and concerns the device, that are asked for. */
bool filter_passes(const struct filter *filter, const struct naming *naming,
		   const struct subject *subject);

#endif
