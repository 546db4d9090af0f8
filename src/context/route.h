/* SPDX-License-Identifier: GPL-2.0-only */
/* Which way a device gets to what is mapped for it through the DMA API. */
#ifndef DMABUFCTL_CONTEXT_ROUTE_H
#define DMABUFCTL_CONTEXT_ROUTE_H

#include "importer/importer.h"
#include "kernel/bars.h"

/* What is worse comes later. */
enum route {
	ROUTE_HOST_BRIDGE, /* up to the host bridge, and through the IOMMU where there is one */
	ROUTE_BUS,	   /* by its bus address, inside a switch */
	ROUTE_UNKNOWN,
	ROUTE_NOWHERE, /* the exporter's bug: it ends at an IOMMU that has nothing there */
};

/*
 * reach: the verdict of reach_judge() on the device and the one in whose BAR the piece is; NULL: it
 * is in none.
 */
enum route route_judge(const struct import_look *look, const struct import_piece *piece,
		       const char *reach);

/*
 * The same of a piece that is mapped for the device of that name. bars: none yet, or of an earlier
 * piece; read once they are wanted, and the caller's to free.
 */
enum route route_of(const struct import_look *look, const struct import_piece *piece,
		    const char *device, struct bars *bars);

const char *route_name(enum route route);

#endif
