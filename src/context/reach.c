// SPDX-License-Identifier: GPL-2.0-only
#include "context/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

static const char doubt_host_bridge[] =
	"the bits do not say whether this host bridge routes peer traffic; many do not, and Linux "
	"keeps a list of those known to (drivers/pci/p2pdma.c). 'verify' proves it";

unsigned reach_count_common(const struct pcie_path *a, const struct pcie_path *b)
{
	unsigned count = 0;

	if (strcmp(a->host_bridge, b->host_bridge))
		return 0;
	while (count + 1 < a->count && count + 1 < b->count &&
	       !strcmp(a->hops[count].name.bdf, b->hops[count].name.bdf))
		count++;
	return count;
}

bool reach_has_memory(const struct pci_device *pci)
{
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (pci->bars[i].type == PCI_BAR_MEMORY)
			return true;
	return false;
}

/* By the port, or function, at which a request of the first device meets the way to the second. */
static struct reach judge_by_acs(const struct pcie_hop *port, const char *direct)
{
	switch (port->acs) {
	case PCIE_ACS_UNREADABLE:
		return (struct reach){ "unknown", "the port's ACS bits could not be read",
				       "read it as root, on a kernel with CONFIG_PCI_MMCONFIG" };
	case PCIE_ACS_PRESENT:
		if (port->acs_control & PCIE_ACS_REQUEST_REDIRECT)
			return (struct reach){
				"redirected",
				"ACS request redirect is on where the request enters: it goes up to the "
				"IOMMU, and comes back down if the host bridge routes it",
				doubt_host_bridge,
			};
		break;
	case PCIE_ACS_ABSENT:
		break;
	}
	return (struct reach){
		"direct", direct,
		"untranslated requests to the peer's bus address pass without the IOMMU; "
		"those to an IOVA go up to it all the same"
	};
}

struct reach reach_judge(const struct endpoint *from, const struct endpoint *to)
{
	unsigned common = reach_count_common(&from->path, &to->path);
	const char *direct;

	if (!reach_has_memory(&to->pci))
		return (struct reach){ "impossible", "the second device has no memory BAR to reach",
				       NULL };
	if (strcmp(from->path.host_bridge, to->path.host_bridge))
		return (struct reach){ "host-bridge", "they are under different host bridges",
				       doubt_host_bridge };
	if (!common)
		return (struct reach){ "host-bridge",
				       "nothing below the host bridge is on both ways",
				       doubt_host_bridge };
	direct = from->path.hops[common - 1].type == PCIE_UPSTREAM ?
			 "they meet in a switch whose port redirects nothing" :
			 "they are on one bus, and nothing there redirects";
	return judge_by_acs(&from->path.hops[common], direct);
}

static int find_endpoint(const char *name, struct endpoint *endpoint)
{
	int rc = pci_find(name, &endpoint->pci);

	return rc ? rc : pcie_get_path(&endpoint->pci.name, &endpoint->path);
}

struct reach reach_between(const char *from, const char *to)
{
	struct endpoint first = { 0 }, second = { 0 };
	struct reach reach = { "unknown", "the way to one of them cannot be read", NULL };

	if (!find_endpoint(from, &first) && !find_endpoint(to, &second))
		reach = reach_judge(&first, &second);
	free(first.path.hops);
	free(second.path.hops);
	return reach;
}

static int add_pair(struct reach_pairs *pairs, const char *from, const char *to, bool mapped)
{
	struct reach_pair *added;

	for (unsigned i = 0; i < pairs->count; i++)
		if (!strcmp(pairs->items[i].from, from) && !strcmp(pairs->items[i].to, to))
			return 0;
	added = array_add(&pairs->items, &pairs->count);
	if (!added)
		return -ENOMEM;
	*added = (struct reach_pair){ from, to, mapped };
	return 0;
}

static int add_mapped_for(struct reach_pairs *pairs, const struct inventory *inventory,
			  const struct inventory_context *context,
			  const struct inventory_bound_device *device)
{
	int rc = 0;

	for (unsigned i = 0; i < context->mapping_count && !rc; i++) {
		const struct inventory_mapping *mapping = &context->mappings[i];
		const struct inventory_dmabuf *dmabuf = inventory_get(inventory, mapping->inode);
		const char *exporter = dmabuf ? inventory_device_of(dmabuf) : "";

		if (mapping->ioas == device->ioas && *exporter && strcmp(exporter, device->name))
			rc = add_pair(pairs, device->name, exporter, true);
	}
	return rc;
}

static int add_all_from(struct reach_pairs *pairs, const struct inventory_context *context,
			const struct inventory_bound_device *device)
{
	int rc = 0;

	for (unsigned i = 0; i < context->device_count && !rc; i++)
		if (device != &context->devices[i])
			rc = add_pair(pairs, device->name, context->devices[i].name, false);
	return rc;
}

/* Those that have something mapped; where no two have, those that could. */
static int add_context(struct reach_pairs *pairs, const struct inventory *inventory,
		       const struct inventory_context *context)
{
	unsigned before = pairs->count;
	int rc = 0;

	for (unsigned i = 0; i < context->device_count && !rc; i++)
		rc = add_mapped_for(pairs, inventory, context, &context->devices[i]);
	if (pairs->count > before)
		return rc;
	for (unsigned i = 0; i < context->device_count && !rc; i++)
		rc = add_all_from(pairs, context, &context->devices[i]);
	return rc;
}

int reach_find_pairs(struct reach_pairs *pairs, const struct inventory *inventory, pid_t pid)
{
	const struct inventory_contexts *contexts = &inventory->contexts;
	int rc = -ESRCH;

	for (unsigned i = 0; i < contexts->count && (!rc || rc == -ESRCH); i++)
		if (inventory_find_user(&contexts->items[i], pid))
			rc = add_context(pairs, inventory, &contexts->items[i]);
	return rc;
}
