// SPDX-License-Identifier: GPL-2.0-only
/* topology: says whether one device can reach another. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/kernel_rows.h"
#include "cmd/shared/lookup.h"
#include "context/reach.h"
#include "ui/dot.h"

struct topology_options {
	struct option_number pid;
	bool dot;
};

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

static void fill_shared(json_object *rows, const struct pcie_path *path, unsigned common)
{
	struct pcie_path shared = *path;

	shared.count = common;
	fill_path(rows, "both", &shared, 0);
}

static void fill_verdict(json_object *row, const struct endpoint *from, const struct endpoint *to)
{
	struct reach reach = reach_judge(from, to);

	json_put_text(row, "from", from->pci.name.bdf);
	json_put_text(row, "to", to->pci.name.bdf);
	json_put_text(row, "from_host_bridge", from->path.host_bridge);
	json_put_text(row, "to_host_bridge", to->path.host_bridge);
	json_put_index(row, "from_group", from->pci.group);
	json_put_index(row, "to_group", to->pci.group);
	json_put_bool(row, "same_group", from->pci.group >= 0 && from->pci.group == to->pci.group);
	json_put_text(row, "verdict", reach.verdict);
	json_put_text(row, "why", reach.why);
	json_put_text(row, "doubt", reach.doubt);
}

static int find_ways(struct endpoint *from, struct endpoint *to)
{
	int rc = pcie_get_path(&from->pci.name, &from->path);

	return rc ? rc : pcie_get_path(&to->pci.name, &to->path);
}

static void free_ways(struct endpoint *from, struct endpoint *to)
{
	free(from->path.hops);
	free(to->path.hops);
}

static void fill_hops(json_object *rows, const struct endpoint *from, const struct endpoint *to)
{
	unsigned common = reach_count_common(&from->path, &to->path);

	fill_shared(rows, &from->path, common);
	fill_path(rows, "from", &from->path, common);
	fill_path(rows, "to", &to->path, common);
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

static enum status show_two(struct call *call)
{
	struct endpoint from = { 0 }, to = { 0 };
	enum status status = lookup_device(call->arguments[0], &from.pci);
	int rc;

	if (!status)
		status = lookup_device(call->arguments[1], &to.pci);
	if (status)
		return status;
	if (!strcmp(from.pci.name.bdf, to.pci.name.bdf)) {
		fail_with(STATUS_USAGE, 0, "topology");
		fail_because("both are %s", from.pci.name.bdf);
		return STATUS_USAGE;
	}
	rc = find_ways(&from, &to);
	if (!rc) {
		fill_hops(json_put_array(call->result, "hops"), &from, &to);
		fill_verdict(json_put_object(call->result, "verdict"), &from, &to);
	}
	free_ways(&from, &to);
	return rc ? fail_errno(rc, "topology") : STATUS_OK;
}

/* What is no PCI device, or is gone meanwhile, has no way to look at. */
static int fill_pair(json_object *rows, const struct reach_pair *pair)
{
	struct endpoint from = { 0 }, to = { 0 };
	int rc;

	if (pci_find(pair->from, &from.pci) || pci_find(pair->to, &to.pci) ||
	    !reach_has_memory(&to.pci))
		return 0;
	rc = find_ways(&from, &to);
	if (!rc) {
		json_object *row = add_object(rows);

		fill_verdict(row, &from, &to);
		json_put_bool(row, "mapped", pair->mapped);
	}
	free_ways(&from, &to);
	return rc == -ENODEV ? 0 : rc;
}

static enum status cannot_find_pairs(pid_t pid, int error)
{
	if (error != -ESRCH)
		return fail_errno(error, "topology");
	fail_with(STATUS_FAILED, 0, "topology of PID %d", pid);
	fail_because("it has no iommufd context");
	fail_hint("'dmabufctl status --all' lists them");
	return STATUS_FAILED;
}

static enum status fill_pairs(struct call *call, const struct reach_pairs *pairs)
{
	json_object *rows = json_put_array(call->result, "pairs");
	int rc = 0;

	for (unsigned i = 0; i < pairs->count && !rc; i++)
		rc = fill_pair(rows, &pairs->items[i]);
	return rc ? fail_errno(rc, "topology") : STATUS_OK;
}

static enum status show_pairs(struct call *call, const struct inventory *inventory, pid_t pid)
{
	struct reach_pairs pairs = { 0 };
	int rc = reach_find_pairs(&pairs, inventory, pid);
	enum status status = rc ? cannot_find_pairs(pid, rc) : fill_pairs(call, &pairs);

	free(pairs.items);
	return status;
}

static enum status show_process(struct call *call, pid_t pid)
{
	struct inventory inventory;
	enum status status;
	int rc = inventory_take(&inventory);

	if (rc)
		return fail_errno(rc, "topology");
	status = inventory_has_records(&inventory) ?
			 show_pairs(call, &inventory, pid) :
			 fail_no_records("topology", inventory.obstacle);
	inventory_free(&inventory);
	return status;
}

static void draw_pairs(const struct call *call)
{
	dot_begin("topology");
	for_each_row(pair, json_object_object_get(call->result, "pairs"))
	{
		const char *from = text_of(pair, "from"), *to = text_of(pair, "to");
		bool mapped = json_object_get_boolean(json_object_object_get(pair, "mapped"));

		dot_node(from, "box", "lightblue", from, NULL);
		dot_node(to, "box", "lightblue", to, NULL);
		dot_edge(from, to, mapped ? "solid" : "dashed", text_of(pair, "verdict"));
	}
	dot_end();
}

static enum status run(struct call *call)
{
	const struct topology_options *options = call->options;

	if (call->count != (options->pid.given ? 0 : 2)) {
		fail_with(STATUS_USAGE, 0, "topology");
		fail_because(options->pid.given ? "--pid takes no devices" :
						  "it wants two devices, or --pid");
		fail_hint("usage: dmabufctl topology %s", call->command->arguments);
		return STATUS_USAGE;
	}
	if (options->dot)
		call->draw = options->pid.given ? draw_pairs : draw;
	return options->pid.given ? show_process(call, options->pid.value) : show_two(call);
}

static const struct option_entry options[] = {
	OPT_NUMBER(struct topology_options, pid, "pid", "PID", 1, INT_MAX,
		   "the devices that this process has in iommufd contexts"),
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

static const struct column pair_columns[] = {
	{ "FROM", "from", COLUMN_TEXT, "who reads and writes" },
	{ "GROUP", "from_group", COLUMN_NUMBER, "its IOMMU group" },
	{ "TO", "to", COLUMN_TEXT, "whose BAR it is" },
	{ "GROUP", "to_group", COLUMN_NUMBER, "its IOMMU group" },
	{ "VERDICT", "verdict", COLUMN_TEXT, "direct, redirected, host-bridge, unknown" },
	{ "MAPPED", "mapped", COLUMN_TEXT, "whether a BAR of the second is, for the first" },
	{ "WHY", "why", COLUMN_TEXT | COLUMN_VERBOSE, "what the verdict rests on" },
	{ "DOUBT", "doubt", COLUMN_TEXT | COLUMN_VERBOSE, "what the bits cannot tell" },
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
	{ .key = "pairs",
	  .empty = "it has no device that could reach another",
	  .columns = pair_columns },
	{ 0 },
};

const struct command cmd_topology = {
	.name = "topology",
	.arguments = "BDF BDF | --pid PID",
	.summary = "can the first device reach the second, and through what",
	.description =
		"Looks at the ports between them and their ACS bits. Never claims more than those\n"
		"bits say: what remains in doubt is shown, and verify proves it. With --pid a row for\n"
		"each device of a process and each whose BAR it has mapped; where it has mapped none,\n"
		"for each two.",
	.options = options,
	.options_size = sizeof(struct topology_options),
	.least = 0,
	.most = 2,
	.context = CONTEXT_NONE,
	.sections = sections,
	.run = run,
};
