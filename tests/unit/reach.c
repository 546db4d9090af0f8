// SPDX-License-Identifier: GPL-2.0-only
/* Whether a device can reach another, by the ports between them; and which of a process's can. */
#include <errno.h>
#include <stdlib.h>
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

enum { PID = 7, NEIGHBOUR, IDLE, BOTH, NONE };

/* By inode, as an inventory has them. */
static struct inventory_export of_gpu = { .device = "gpu" }, of_nvme = { .device = "nvme" },
			       of_disk = { .device = "disk" }, closed = { .device = "" };
static struct inventory_dmabuf dmabufs[] = {
	{ .inode = 1, .export = &of_gpu },  { .inode = 2, .export = &of_nvme },
	{ .inode = 3, .export = &closed },  { .inode = 4 },
	{ .inode = 5, .export = &of_disk },
};
static struct inventory_user users[] = { { .pid = PID }, { .pid = BOTH } },
			     neighbour[] = { { .pid = NEIGHBOUR } },
			     idle[] = { { .pid = IDLE }, { .pid = BOTH } };
static struct inventory_bound_device devices[] = { { .ioas = 1, .name = "gpu" },
						   { .ioas = 2, .name = "nvme" },
						   { .ioas = 1, .name = "nic" },
						   { .ioas = 0, .name = "spare" } },
				     others[] = { { .ioas = 2, .name = "disk" },
						  { .ioas = 0, .name = "fpga" },
						  { .ioas = 0, .name = "dsp" } };
/* The gpu and the nic have two parts of the nvme, and one of the gpu; inode 9 is of nobody. */
static struct inventory_mapping mappings[] = { { .ioas = 1, .inode = 2 },
					       { .ioas = 1, .inode = 1 },
					       { .ioas = 1, .inode = 2 },
					       { .ioas = 1, .inode = 9 },
					       { .ioas = 3, .inode = 1 } };
/* Its own, one that was closed, one that is not VFIO's. */
static struct inventory_mapping none[] = { { .ioas = 2, .inode = 5 },
					   { .ioas = 2, .inode = 3 },
					   { .ioas = 2, .inode = 4 } };
static struct inventory_context contexts[] = {
	{ .users = users,
	  .user_count = 2,
	  .devices = devices,
	  .device_count = 4,
	  .mappings = mappings,
	  .mapping_count = 5 },
	{ .users = neighbour, .user_count = 1, .devices = devices, .device_count = 1 },
	{ .users = idle,
	  .user_count = 2,
	  .devices = others,
	  .device_count = 3,
	  .mappings = none,
	  .mapping_count = 3 },
};

static const struct {
	pid_t pid;
	int rc;
	const char *pairs; /* "*" where it is mapped */
	const char *what;
} processes[] = {
	{ PID, 0, "gpu-nvme* nic-nvme* nic-gpu*", "what is mapped for whom, once" },
	{ NEIGHBOUR, 0, "", "one device" },
	{ IDLE, 0, "disk-fpga disk-dsp fpga-disk fpga-dsp dsp-disk dsp-fpga",
	  "nothing of another device is mapped: all" },
	{ BOTH, 0,
	  "gpu-nvme* nic-nvme* nic-gpu* disk-fpga disk-dsp fpga-disk fpga-dsp dsp-disk dsp-fpga",
	  "in two contexts: each for itself" },
	{ NONE, -ESRCH, "", "no context" },
};

static void test_pairs(void)
{
	const struct inventory inventory = { .items = dmabufs,
					     .count = 5,
					     .contexts = { contexts, 3 } };

	for (unsigned i = 0; i < sizeof(processes) / sizeof(*processes); i++) {
		struct reach_pairs pairs = { 0 };
		int rc = reach_find_pairs(&pairs, &inventory, processes[i].pid);
		char text[256] = "";

		for (unsigned j = 0; j < pairs.count; j++)
			text_join(text, sizeof(text), " ", "%s-%s%s", pairs.items[j].from,
				  pairs.items[j].to, pairs.items[j].mapped ? "*" : "");
		check(rc == processes[i].rc && !strcmp(text, processes[i].pairs), "%s: %s",
		      processes[i].what, text);
		free(pairs.items);
	}
}

int main(void)
{
	test_ways();
	test_pairs();
	return check_plan();
}
