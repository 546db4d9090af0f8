// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/rows.h"

#include <string.h>

#include "kernel/bars.h"

void put_evidence(json_object *row, const char *key, unsigned bits)
{
	json_object *list = json_put_array(row, key);

	for (unsigned i = 0; i < EVIDENCE_BITS; i++)
		if (bits & 1u << i)
			add_text(list, evidence_name(1u << i));
}

void fill_object(json_object *row, const struct object *object)
{
	json_put_text(row, "name", object->name);
	object_put_attributes(row, object);
}

void fill_dmabuf(json_object *row, struct object *dmabuf, struct snapshot *snapshot)
{
	struct exporter_report report;

	fill_object(row, dmabuf);
	if (!snapshot)
		return;
	report = snapshot_exporter(snapshot, dmabuf);
	json_put_text(row, "state", exporter_state_name(report.state));
	put_evidence(row, "evidence", report.evidence);
	put_evidence(row, "missing", report.missing);
	json_put_bool(row, "permanent", report.permanent);
}

/* Each with its route; that of all is the worst of them. */
static enum route fill_pieces(json_object *rows, const struct import_look *look, const char *device)
{
	enum route worst = ROUTE_HOST_BRIDGE;
	struct bars bars = { 0 };

	for (unsigned i = 0; i < look->count; i++) {
		const struct import_piece *piece = &look->pieces[i];
		enum route route = route_of(look, piece, device, &bars);
		json_object *row = add_object(rows);

		json_put_address(row, "address", piece->addresses.offset);
		json_put_number(row, "length", piece->addresses.length);
		if (piece->physical)
			json_put_address(row, "physical", piece->physical);
		else
			json_put_text(row, "physical", NULL);
		json_put_text(row, "route", route_name(route));
		worst = route > worst ? route : worst;
	}
	bars_free(&bars);
	return worst;
}

/* Whether it let go when it was told to. */
static void fill_promise(json_object *row, const struct import_look *look)
{
	json_put_number(row, "told", look->told);
	if (!look->told_at) {
		json_put_text(row, "kept", NULL);
		json_put_text(row, "let_go_ns", NULL);
		return;
	}
	json_put_bool(row, "kept", look->let_go_at);
	if (look->let_go_at)
		json_put_number(row, "let_go_ns", look->let_go_at - look->told_at);
	else
		json_put_text(row, "let_go_ns", NULL);
}

enum route fill_look(json_object *row, const struct object *mapping, const struct import_look *look)
{
	enum route route = fill_pieces(json_put_array(row, "ranges"), look, mapping->target);

	json_put_text(row, "route", look->count ? route_name(route) : NULL);
	fill_promise(row, look);
	return route;
}

static void fill_number(json_object *row, const struct object *mapping)
{
	uint32_t number;

	if (!mapping->importer->number)
		return;
	if (mapping->importer->number(mapping->target, &mapping->keys, &number))
		json_put_text(row, "mr", NULL);
	else
		json_put_number(row, "mr", number);
}

void fill_mapping(json_object *row, const struct object *mapping, struct snapshot *snapshot)
{
	const struct import_look *look;
	struct mapping_report report;

	fill_object(row, mapping);
	fill_number(row, mapping);
	if (!snapshot)
		return;
	report = snapshot_mapping(snapshot, mapping);
	json_put_text(row, "state", mapping_state_name(report.state));
	put_evidence(row, "evidence", report.evidence);
	put_evidence(row, "missing", report.missing);
	put_evidence(row, "disagrees", report.disagrees);
	json_put_text(row, "doubt", mapping_doubt_name(report.doubt));
	look = snapshot_look(snapshot, mapping);
	if (look)
		fill_look(row, mapping, look);
}

void fill_idle(struct call *call, const char *ioas)
{
	const struct object_list *objects = &call->context->objects;
	json_object *rows = NULL;

	if (!*ioas)
		return;
	for_each_object(device, objects, OBJECT_DEVICE)
		if (!strcmp(device->ioas, ioas))
			return;
	for_each_object(mapping, objects, OBJECT_MAPPING) {
		json_object *row;

		if (!object_is_in_ioas(mapping, ioas))
			continue;
		if (!rows)
			rows = json_object_object_get(call->result, "idle");
		if (!rows)
			rows = json_put_array(call->result, "idle");
		row = add_object(rows);
		json_put_text(row, "name", mapping->name);
		json_put_text(row, "ioas", ioas);
	}
}

static const struct column idle_columns[] = {
	{ "IDLE-NOW", "name", COLUMN_TEXT, "a mapping that no device reaches any more" },
	{ "IOAS", "ioas", COLUMN_TEXT, "which has no device attached" },
	{ 0 },
};

const struct section idle_sections[] = {
	{ .key = "idle", .columns = idle_columns },
	{ 0 },
};

const struct column dmabuf_columns[] = {
	{ "PROCESS", "process", COLUMN_TEXT, "whose iommufd context it is" },
	{ "DMABUF", "name", COLUMN_TEXT, "name" },
	{ "DEVICE", "device", COLUMN_TEXT, "the exporter" },
	{ "BAR", "bar", COLUMN_NUMBER, "VFIO region index" },
	{ "RANGES", "ranges", COLUMN_RANGES, "offset and length in the BAR" },
	{ "SIZE", "size", COLUMN_SIZE, "bytes" },
	{ "INODE", "inode", COLUMN_NUMBER, "of the dma-buf's file" },
	{ "STATE", "state", COLUMN_TEXT, "of the exporter: usable, revoked, unknown" },
	{ "EVIDENCE", "evidence", COLUMN_LIST, "what the state rests on" },
	{ 0 },
};

const struct column mapping_columns[] = {
	{ "PROCESS", "process", COLUMN_TEXT, "whose iommufd context it is" },
	{ "MAPPING", "name", COLUMN_TEXT, "name" },
	{ "DMABUF", "dmabuf", COLUMN_TEXT, "what is mapped" },
	{ "INODE", "inode", COLUMN_NUMBER, "of the dma-buf that is mapped" },
	{ "OFFSET", "offset", COLUMN_SIZE, "in the dma-buf" },
	{ "IOAS", "ioas", COLUMN_TEXT, "where it is mapped" },
	{ "IOVA", "iova", COLUMN_TEXT, "at which address" },
	{ "FOR", "device", COLUMN_TEXT, "the device that it is mapped for" },
	{ "DMA", "dma", COLUMN_TEXT, "at which address of that device" },
	{ "ROUTE", "route", COLUMN_TEXT, "host-bridge, bus, unknown, nowhere" },
	{ "RDMA", "rdma", COLUMN_TEXT, "the RDMA device whose memory region it is" },
	{ "MR", "mr", COLUMN_NUMBER, "the region's number" },
	{ "LKEY", "lkey", COLUMN_NUMBER, "its local key" },
	{ "RKEY", "rkey", COLUMN_NUMBER, "its remote key" },
	{ "LENGTH", "length", COLUMN_SIZE, "bytes" },
	{ "PROT", "prot", COLUMN_TEXT, "r, w or rw" },
	{ "PROMISE", "promise", COLUMN_TEXT, "dynamic, revocable, pinned, plain" },
	{ "KEPT", "kept", COLUMN_TEXT, "it let go when it was told to, the last time" },
	{ "STATE", "state", COLUMN_TEXT, "live, idle, revoked, stale, unknown" },
	{ "EVIDENCE", "evidence", COLUMN_LIST, "what the state rests on" },
	{ "MISSING", "missing", COLUMN_LIST | COLUMN_VERBOSE, "evidence that could not be had" },
	{ "DISAGREES", "disagrees", COLUMN_LIST | COLUMN_VERBOSE, "evidence that says otherwise" },
	{ "DOUBT", "doubt", COLUMN_TEXT | COLUMN_VERBOSE,
	  "of the page tables: partial, elsewhere, or they differ" },
	{ 0 },
};

const char *state_colour(const char *state)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {
		{ "live", "palegreen" },     { "usable", "palegreen" }, { "idle", "lightgray" },
		{ "revoked", "lightcoral" }, { "stale", "gold" },
	};

	for (size_t i = 0; i < sizeof(colours) / sizeof(*colours); i++)
		if (!strcmp(colours[i].state, state))
			return colours[i].colour;
	return "white";
}
