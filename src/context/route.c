// SPDX-License-Identifier: GPL-2.0-only
#include "context/route.h"

#include <string.h>

const char *route_name(enum route route)
{
	static const char *const names[] = { "unknown", "host-bridge", "bus", "nowhere" };

	return names[route];
}

enum route route_judge(const struct import_look *look, const struct import_piece *piece,
		       const char *reach)
{
	if (look->translated && piece->physical)
		return ROUTE_HOST_BRIDGE;
	if (!reach || !strcmp(reach, "unknown"))
		return ROUTE_UNKNOWN;
	if (!strcmp(reach, "direct"))
		return ROUTE_BUS;
	return look->translated ? ROUTE_NOWHERE : ROUTE_HOST_BRIDGE;
}
