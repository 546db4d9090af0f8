// SPDX-License-Identifier: GPL-2.0-only
/* Which way a device gets to what is mapped for it. */
#include <string.h>

#include "context/route.h"
#include "tests/unit/check.h"

static const struct {
	bool translated;
	uint64_t physical;
	const char *reach;
	const char *wanted;
} routes[] = {
	{ true, 0xf0000000, "host-bridge", "host-bridge" },
	{ true, 0xf0000000, "direct", "host-bridge" },
	{ true, 0xf0000000, NULL, "host-bridge" },
	{ true, 0, "direct", "bus" },
	{ true, 0, "redirected", "nowhere" },
	{ true, 0, "host-bridge", "nowhere" },
	{ true, 0, "unknown", "unknown" },
	{ true, 0, NULL, "nowhere" },
	{ false, 0xf0000000, "direct", "bus" },
	{ false, 0xf0000000, "host-bridge", "host-bridge" },
	{ false, 0xf0000000, "redirected", "host-bridge" },
	{ false, 0xf0000000, "unknown", "unknown" },
	{ false, 0xf0000000, NULL, "host-bridge" },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		const struct import_look look = { .translated = routes[i].translated };
		const struct import_piece piece = { .physical = routes[i].physical };

		check(!strcmp(route_name(route_judge(&look, &piece, routes[i].reach)),
			      routes[i].wanted),
		      "%s 0x%lx, %s: %s", routes[i].translated ? "translated" : "untranslated",
		      (unsigned long)routes[i].physical,
		      routes[i].reach ? routes[i].reach : "exporter unknown", routes[i].wanted);
	}
	return check_plan();
}
