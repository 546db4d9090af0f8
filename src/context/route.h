/* SPDX-License-Identifier: GPL-2.0-only */
/* Which way a device gets to what is mapped for it through the DMA API. */
#ifndef DMABUFCTL_CONTEXT_ROUTE_H
#define DMABUFCTL_CONTEXT_ROUTE_H

#include "importer/importer.h"

enum route {
	ROUTE_UNKNOWN,
	ROUTE_HOST_BRIDGE, /* up to the host bridge, and through the IOMMU where there is one */
	ROUTE_BUS,	   /* by its bus address, inside a switch */
	ROUTE_NOWHERE,	   /* a bus address that ends at an IOMMU that does not translate it */
};

/*
 * reach: the verdict of reach_judge() on the device and the exporter; NULL: who exports it is not
 * known.
 */
enum route route_judge(const struct import_look *look, const struct import_piece *piece,
		       const char *reach);

const char *route_name(enum route route);

#endif
