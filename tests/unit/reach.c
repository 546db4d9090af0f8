// SPDX-License-Identifier: GPL-2.0-only
/* Whether a device can reach another, by the ports between them. */
#include <string.h>

#include "context/reach.h"
#include "tests/unit/check.h"
#include "util/text.h"

#define ABSENT PCIE_ACS_ABSENT, 0
#define UNREADABLE PCIE_ACS_UNREADABLE, 0
#define REDIRECT PCIE_ACS_PRESENT, PCIE_ACS_REQUEST_REDIRECT
#define OTHERS PCIE_ACS_PRESENT, 0xffff & ~PCIE_ACS_REQUEST_REDIRECT

#define ROOT                                         \
	{                                            \
		{ "port" }, PCIE_ROOT_PORT, REDIRECT \
	}
#define SWITCH                                      \
	{                                           \
		{ "switch" }, PCIE_UPSTREAM, ABSENT \
	}
#define DOWN(name, ...)                                \
	{                                              \
		{ name }, PCIE_DOWNSTREAM, __VA_ARGS__ \
	}
#define DEVICE(name, ...)                            \
	{                                            \
		{ name }, PCIE_ENDPOINT, __VA_ARGS__ \
	}

struct way {
	const char *host_bridge;
	struct pcie_hop hops[4];
	unsigned count;
};

static const struct {
	const char *what;
	struct way from, to;
	enum pci_bar_type bar; /* of the second */
	unsigned common;
	const char *verdict;
} ways[] = {
	{ "under a switch without ACS",
	  { "a", { ROOT, SWITCH, DOWN("d0", ABSENT), DEVICE("e0", REDIRECT) }, 4 },
	  { "a", { ROOT, SWITCH, DOWN("d1", REDIRECT), DEVICE("e1", REDIRECT) }, 4 },
	  PCI_BAR_MEMORY,
	  2,
	  "direct" },
	{ "the port where it enters redirects",
	  { "a", { ROOT, SWITCH, DOWN("d0", REDIRECT), DEVICE("e0", ABSENT) }, 4 },
	  { "a", { ROOT, SWITCH, DOWN("d1", ABSENT), DEVICE("e1", OTHERS) }, 4 },
	  PCI_BAR_MEMORY,
	  2,
	  "redirected" },
	{ "all of its bits but that one",
	  { "a", { ROOT, SWITCH, DOWN("d0", OTHERS), DEVICE("e0", REDIRECT) }, 4 },
	  { "a", { ROOT, SWITCH, DOWN("d1", REDIRECT), DEVICE("e1", REDIRECT) }, 4 },
	  PCI_BAR_MEMORY,
	  2,
	  "direct" },
	{ "its bits cannot be read",
	  { "a", { ROOT, SWITCH, DOWN("d0", UNREADABLE), DEVICE("e0", OTHERS) }, 4 },
	  { "a", { ROOT, SWITCH, DOWN("d1", OTHERS), DEVICE("e1", OTHERS) }, 4 },
	  PCI_BAR_MEMORY,
	  2,
	  "unknown" },
	{ "two functions on one bus",
	  { "a", { ROOT, DEVICE("e0", ABSENT) }, 2 },
	  { "a", { ROOT, DEVICE("e1", REDIRECT) }, 2 },
	  PCI_BAR_MEMORY,
	  1,
	  "direct" },
	{ "different root ports",
	  { "a", { DEVICE("e0", OTHERS) }, 1 },
	  { "a", { ROOT, DEVICE("e1", OTHERS) }, 2 },
	  PCI_BAR_MEMORY,
	  0,
	  "host-bridge" },
	{ "ports of one name under different host bridges",
	  { "a", { ROOT, DEVICE("e0", OTHERS) }, 2 },
	  { "b", { ROOT, DEVICE("e1", OTHERS) }, 2 },
	  PCI_BAR_MEMORY,
	  0,
	  "host-bridge" },
	{ "I/O ports alone",
	  { "a", { ROOT, DEVICE("e0", OTHERS) }, 2 },
	  { "a", { ROOT, DEVICE("e1", OTHERS) }, 2 },
	  PCI_BAR_IO,
	  1,
	  "impossible" },
};

static struct endpoint endpoint_of(const struct way *way, enum pci_bar_type bar)
{
	struct endpoint endpoint = { .pci.bars[2].type = bar,
				     .path = { .hops = (struct pcie_hop *)way->hops,
					       .count = way->count } };

	copy_text(endpoint.path.host_bridge, sizeof(endpoint.path.host_bridge), way->host_bridge);
	return endpoint;
}

static void test_ways(void)
{
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct endpoint from = endpoint_of(&ways[i].from, PCI_BAR_ABSENT);
		struct endpoint to = endpoint_of(&ways[i].to, ways[i].bar);

		check(!strcmp(reach_judge(&from, &to).verdict, ways[i].verdict), "%s: %s",
		      ways[i].what, ways[i].verdict);
		check(reach_count_common(&from.path, &to.path) == ways[i].common,
		      "%s: %u in common", ways[i].what, ways[i].common);
	}
}

int main(void)
{
	test_ways();
	return check_plan();
}
