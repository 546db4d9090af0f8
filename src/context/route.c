// SPDX-License-Identifier: GPL-2.0-only
#include "context/route.h"

#include <string.h>

#include "context/reach.h"

const char *route_name(enum route route)
{
	static const char *const names[] = { "host-bridge", "bus", "unknown", "nowhere" };

	return names[route];
}

static bool is_translated(const struct import_look *look, const struct import_piece *piece)
{
	return look->translated && piece->physical;
}

enum route route_judge(const struct import_look *look, const struct import_piece *piece,
		       const char *reach)
{
	if (is_translated(look, piece))
		return ROUTE_HOST_BRIDGE;
	if (reach && !strcmp(reach, "unknown"))
		return ROUTE_UNKNOWN;
	if (reach && !strcmp(reach, "direct"))
		return ROUTE_BUS;
	return look->translated ? ROUTE_NOWHERE : ROUTE_HOST_BRIDGE;
}

static bool find_bar(struct bars *bars, uint64_t address, struct bar_place *place)
{
	if (!bars->count)
		bars_read(bars);
	return bars_find(bars, address, place);
}

enum route route_of(const struct import_look *look, const struct import_piece *piece,
		    const char *device, struct bars *bars)
{
	struct bar_place place;
	bool in_bar = !is_translated(look, piece) &&
		      find_bar(bars, piece->addresses.offset, &place);

	return route_judge(look, piece,
			   in_bar ? reach_between(device, place.device.bdf).verdict : NULL);
}
