// SPDX-License-Identifier: GPL-2.0-only
/* topology: says whether one device can reach another. */
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/lookup.h"
#include "kernel/pcie.h"
#include "ui/dot.h"

struct topology_options {
	bool dot;
};

struct pair {
	struct pci_device from, to;
	struct pcie_path from_path, to_path;
	unsigned common; /* hops that both have above them */
};

struct judgement {
	const char *verdict; /* direct, redirected, host-bridge or impossible */
	const char *why;
	const char *doubt; /* what the capability bits cannot tell, NULL for nothing */
};

static const char doubt_host_bridge[] =
	"the bits do not say whether this host bridge routes peer traffic; many do not, and Linux "
	"keeps a list of those known to (drivers/pci/p2pdma.c). 'verify' proves it";

static unsigned count_common(const struct pcie_path *a, const struct pcie_path *b)
{
	unsigned count = 0;

	if (strcmp(a->host_bridge, b->host_bridge))
		return 0;
	while (count + 1 < a->count && count + 1 < b->count &&
	       !strcmp(a->hops[count].name.bdf, b->hops[count].name.bdf))
		count++;
	return count;
}

static bool has_memory_bar(const struct pci_device *pci)
{
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (pci->bars[i].type == PCI_BAR_MEMORY)
			return true;
	return false;
}

/* The port, or function, at which a request of the first device meets the way to the second. */
static const struct pcie_hop *ingress(const struct pair *pair)
{
	return &pair->from_path.hops[pair->common];
}

static struct judgement judge_by_acs(const struct pair *pair, const char *direct)
{
	const struct pcie_hop *port = ingress(pair);

	switch (port->acs) {
	case PCIE_ACS_UNREADABLE:
		return (struct judgement){
			"unknown", "the port's ACS bits could not be read",
			"read it as root, on a kernel with CONFIG_PCI_MMCONFIG"
		};
	case PCIE_ACS_PRESENT:
		if (port->acs_control & PCIE_ACS_REQUEST_REDIRECT)
			return (struct judgement){
				"redirected",
				"ACS request redirect is on where the request enters: it goes up to the "
				"IOMMU, and comes back down if the host bridge routes it",
				doubt_host_bridge,
			};
		break;
	case PCIE_ACS_ABSENT:
		break;
	}
	return (struct judgement){
		"direct", direct,
		"untranslated requests to the peer's bus address pass without the IOMMU; "
		"those to an IOVA go up to it all the same"
	};
}

static struct judgement judge(const struct pair *pair)
{
	const struct pcie_path *from = &pair->from_path, *to = &pair->to_path;

	if (!has_memory_bar(&pair->to))
		return (struct judgement){ "impossible",
					   "the second device has no memory BAR to reach", NULL };
	if (strcmp(from->host_bridge, to->host_bridge))
		return (struct judgement){ "host-bridge", "they are under different host bridges",
					   doubt_host_bridge };
	if (!pair->common)
		return (struct judgement){ "host-bridge",
					   "nothing below the host bridge is on both ways",
					   doubt_host_bridge };
	if (from->hops[pair->common - 1].type == PCIE_UPSTREAM)
		return judge_by_acs(pair, "they meet in a switch whose port redirects nothing");
	return judge_by_acs(pair, "they are on one bus, and nothing there redirects");
}

static void fill_path(json_object *rows, const char *side, const struct pcie_path *path,
		      unsigned from)
{
	for (unsigned i = from; i < path->count; i++) {
		json_object *row = add_object(rows);
		char acs[128];

		pcie_format_acs(&path->hops[i], acs, sizeof(acs));
		json_put_text(row, "way", side);
		json_put_text(row, "name", path->hops[i].name.bdf);
		json_put_text(row, "type", pcie_type_name(path->hops[i].type));
		json_put_text(row, "acs", acs);
	}
}

static void fill_shared(json_object *rows, const struct pair *pair)
{
	struct pcie_path shared = pair->from_path;

	shared.count = pair->common;
	fill_path(rows, "both", &shared, 0);
}

static void fill_verdict(struct call *call, const struct pair *pair)
{
	struct judgement judgement = judge(pair);
	json_object *row = json_put_object(call->result, "verdict");

	json_put_text(row, "from", pair->from.name.bdf);
	json_put_text(row, "to", pair->to.name.bdf);
	json_put_text(row, "from_host_bridge", pair->from_path.host_bridge);
	json_put_text(row, "to_host_bridge", pair->to_path.host_bridge);
	json_put_index(row, "from_group", pair->from.group);
	json_put_index(row, "to_group", pair->to.group);
	json_put_bool(row, "same_group",
		      pair->from.group >= 0 && pair->from.group == pair->to.group);
	json_put_text(row, "verdict", judgement.verdict);
	json_put_text(row, "why", judgement.why);
	json_put_text(row, "doubt", judgement.doubt);
}

static enum status fill(struct call *call, struct pair *pair)
{
	json_object *rows;
	int rc = pcie_get_path(&pair->from.name, &pair->from_path);

	if (!rc)
		rc = pcie_get_path(&pair->to.name, &pair->to_path);
	if (rc)
		return fail_errno(rc, "topology");
	pair->common = count_common(&pair->from_path, &pair->to_path);
	rows = json_put_array(call->result, "hops");
	fill_shared(rows, pair);
	fill_path(rows, "from", &pair->from_path, pair->common);
	fill_path(rows, "to", &pair->to_path, pair->common);
	fill_verdict(call, pair);
	return STATUS_OK;
}

static void draw_hop(json_object *hop)
{
	char acs[160];

	snprintf(acs, sizeof(acs), "ACS %s", text_of(hop, "acs"));
	dot_node(text_of(hop, "name"), "box",
		 strcmp(text_of(hop, "type"), "endpoint") ? "white" : "lightblue",
		 text_of(hop, "name"), text_of(hop, "type"), acs, NULL);
}

/* Each hop hangs below the one before it on its way; both ways begin where the common one ends. */
static void draw(const struct call *call)
{
	json_object *result = call->result;
	json_object *hops = json_object_object_get(result, "hops");
	json_object *verdict = json_object_object_get(result, "verdict");
	const char *above[] = { text_of(verdict, "from_host_bridge"),
				text_of(verdict, "to_host_bridge") };

	dot_begin("topology");
	for (unsigned i = 0; i < 2; i++)
		dot_node(above[i], "ellipse", "lightgray", above[i], NULL);
	for_each_row(hop, hops)
	{
		const char *way = text_of(hop, "way"), *name = text_of(hop, "name");

		draw_hop(hop);
		dot_edge(above[!strcmp(way, "to")], name, "solid", NULL);
		if (strcmp(way, "to"))
			above[0] = name;
		if (strcmp(way, "from"))
			above[1] = name;
	}
	dot_edge(text_of(verdict, "from"), text_of(verdict, "to"), "dashed",
		 text_of(verdict, "verdict"));
	dot_end();
}

static enum status run(struct call *call)
{
	const struct topology_options *options = call->options;
	struct pair pair = { .common = 0 };
	enum status status = lookup_device(call->arguments[0], &pair.from);

	if (!status)
		status = lookup_device(call->arguments[1], &pair.to);
	if (!status && !strcmp(pair.from.name.bdf, pair.to.name.bdf)) {
		status = fail_with(STATUS_USAGE, 0, "topology");
		fail_because("both are %s", pair.from.name.bdf);
	}
	if (!status)
		status = fill(call, &pair);
	if (options->dot)
		call->draw = draw;
	free(pair.from_path.hops);
	free(pair.to_path.hops);
	return status;
}

static const struct option_entry options[] = {
	OPT_FORM(struct topology_options, dot, "dot", "a picture, for Graphviz"),
	{ 0 },
};

static const struct column hop_columns[] = {
	{ "WAY", "way", COLUMN_TEXT, "both, or on the side of one device" },
	{ "NAME", "name", COLUMN_TEXT, "BDF, from the host bridge's side on" },
	{ "TYPE", "type", COLUMN_TEXT, "of port or device" },
	{ "ACS", "acs", COLUMN_TEXT, "control bits, or none" },
	{ 0 },
};

static const struct column verdict_columns[] = {
	{ "FROM", "from", COLUMN_TEXT, "who reads and writes" },
	{ "GROUP", "from_group", COLUMN_NUMBER, "its IOMMU group" },
	{ "TO", "to", COLUMN_TEXT, "whose BAR it is" },
	{ "GROUP", "to_group", COLUMN_NUMBER, "its IOMMU group" },
	{ "VERDICT", "verdict", COLUMN_TEXT,
	  "direct, redirected, host-bridge, impossible, unknown" },
	{ 0 },
};

static const struct column why_columns[] = {
	{ "WHY", "why", COLUMN_TEXT, "what that rests on" },
	{ 0 },
};

static const struct column doubt_columns[] = {
	{ "DOUBT", "doubt", COLUMN_TEXT, "what the bits cannot tell" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "hops", .title = "Ways from the host bridge", .columns = hop_columns },
	{ .key = "verdict", .title = "Verdict", .columns = verdict_columns },
	{ .key = "verdict", .columns = why_columns },
	{ .key = "verdict", .columns = doubt_columns },
	{ 0 },
};

const struct command cmd_topology = {
	.name = "topology",
	.arguments = "BDF BDF",
	.summary = "can the first device reach the second, and through what",
	.description =
		"Looks at the ports between them and their ACS bits. Never claims more than those\n"
		"bits say: what remains in doubt is shown, and verify proves it.",
	.options = options,
	.options_size = sizeof(struct topology_options),
	.least = 2,
	.most = 2,
	.context = CONTEXT_NONE,
	.sections = sections,
	.run = run,
};
