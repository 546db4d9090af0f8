// SPDX-License-Identifier: GPL-2.0-only
#include "context/route.h"

#include <string.h>

#include "context/reach.h"

const char *route_name(enum route route)
{
	static const char *const names[] = { "host-bridge", "bus", "unknown", "nowhere" };

	return names[route];
}

enum route route_judge(const struct import_look *look, const struct import_piece *piece,
		       const char *reach)
{
	if (look->translated && piece->physical)
		return ROUTE_HOST_BRIDGE;
	if (reach && !strcmp(reach, "unknown"))
		return ROUTE_UNKNOWN;
	if (reach && !strcmp(reach, "direct"))
		return ROUTE_BUS;
	return look->translated ? ROUTE_NOWHERE : ROUTE_HOST_BRIDGE;
}

enum route route_of(const struct import_look *look, const struct import_piece *piece,
		    const char *device, const struct bars *bars)
{
	struct bar_place place;
	bool in_bar = bars_find(bars, piece->addresses.offset, &place);

	return route_judge(look, piece,
			   in_bar ? reach_between(device, place.device.bdf).verdict : NULL);
}
