// SPDX-License-Identifier: GPL-2.0-only
#include "context/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context/operation.h"
#include "context/recorder.h"
#include "util/search.h"

/* An open device, whose page table is read when it is first asked for. */
struct snapshot_device {
	const struct object *object;
	bool read;
	int error; /* why there is no table */
	struct pagetable table;
};

/* Where a device has its BARs. */
struct snapshot_exporter {
	struct snapshot_exporter *next;
	int error; /* why that is not known */
	struct pci_device pci;
};

struct snapshot_dmabuf {
	const struct object *object;
	bool probed;
	struct exporter_report report;
};

struct snapshot_window {
	const struct object *mapping;
	bool shared;
};

static int by_object(const void *a, const void *b)
{
	const struct object *const *left = a, *const *right = b;

	return *left < *right ? -1 : *left > *right;
}

static int by_iova(const void *a, const void *b)
{
	const struct snapshot_window *left = a, *right = b;
	uint64_t left_start = left->mapping->addresses.offset;
	uint64_t right_start = right->mapping->addresses.offset;

	return left_start < right_start ? -1 : left_start > right_start;
}

/* In the order of IOVAs a window meets one before it, or the next. */
static void mark_shared(struct snapshot_window *windows, unsigned count)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct range *iova = &windows[i].mapping->addresses;
		const struct range *next = i + 1 < count ? &windows[i + 1].mapping->addresses :
							   NULL;
		uint64_t last = range_last(*iova);

		windows[i].shared = (i && iova->offset <= end) || (next && next->offset <= last);
		end = i && end > last ? end : last;
	}
}

static void list_windows(struct snapshot *snapshot)
{
	const struct object_list *objects = &snapshot->context->objects;

	snapshot->windows =
		calloc(object_count(objects, OBJECT_MAPPING) + 1, sizeof(*snapshot->windows));
	if (!snapshot->windows)
		return;
	for_each_object(mapping, objects, OBJECT_MAPPING)
		snapshot->windows[snapshot->window_count++].mapping = mapping;
	qsort(snapshot->windows, snapshot->window_count, sizeof(*snapshot->windows), by_iova);
	mark_shared(snapshot->windows, snapshot->window_count);
	qsort(snapshot->windows, snapshot->window_count, sizeof(*snapshot->windows), by_object);
}

static void list_devices(struct snapshot *snapshot)
{
	const struct object_list *objects = &snapshot->context->objects;

	snapshot->devices =
		calloc(object_count(objects, OBJECT_DEVICE) + 1, sizeof(*snapshot->devices));
	if (!snapshot->devices)
		return;
	for_each_object(device, objects, OBJECT_DEVICE)
		snapshot->devices[snapshot->device_count++].object = device;
}

static void list_dmabufs(struct snapshot *snapshot)
{
	const struct object_list *objects = &snapshot->context->objects;

	snapshot->dmabufs =
		calloc(object_count(objects, OBJECT_DMABUF) + 1, sizeof(*snapshot->dmabufs));
	if (!snapshot->dmabufs)
		return;
	for_each_object(dmabuf, objects, OBJECT_DMABUF)
		snapshot->dmabufs[snapshot->dmabuf_count++].object = dmabuf;
	qsort(snapshot->dmabufs, snapshot->dmabuf_count, sizeof(*snapshot->dmabufs), by_object);
}

static void read_trace(struct snapshot *snapshot)
{
	struct trace_log log;

	if (!context_read_trace(snapshot->context, &log))
		trace_index_make(&snapshot->trace, &log);
	trace_log_free(&log);
}

/* The holder has the context's iommufd and dma-bufs; a private one's are this process's. */
static void read_records(struct snapshot *snapshot)
{
	const struct inventory_contexts *contexts = &snapshot->inventory.contexts;
	pid_t pid = snapshot->context->private ? getpid() : snapshot->context->client.holder;

	if (pid && !inventory_take_records(&snapshot->inventory, pid) && contexts->count)
		snapshot->record = contexts->items;
}

void snapshot_begin(struct snapshot *snapshot, struct context *context)
{
	*snapshot = (struct snapshot){ .context = context };
	read_trace(snapshot);
	list_devices(snapshot);
	list_dmabufs(snapshot);
	list_windows(snapshot);
	read_records(snapshot);
}

void snapshot_end(struct snapshot *snapshot)
{
	context_end_trial(&snapshot->trial);
	for (unsigned i = 0; i < snapshot->device_count; i++)
		pagetable_free(&snapshot->devices[i].table);
	for (struct snapshot_exporter *exporter = snapshot->exporters, *next; exporter;
	     exporter = next) {
		next = exporter->next;
		free(exporter);
	}
	trace_index_free(&snapshot->trace);
	inventory_free(&snapshot->inventory);
	free(snapshot->devices);
	free(snapshot->dmabufs);
	free(snapshot->windows);
}

/* NULL: VFIO's record of it cannot be had. */
static const struct inventory_export *find_export(const struct snapshot *snapshot,
						  const struct object *dmabuf)
{
	const struct inventory_dmabuf *known = inventory_get(&snapshot->inventory, dmabuf->inode);

	return known ? known->export : NULL;
}

static struct exporter_report ask_exporter(struct snapshot *snapshot, struct object *dmabuf)
{
	return judge_exporter(context_probe(snapshot->context, &snapshot->trial, dmabuf),
			      object_device_closed(&snapshot->context->objects, dmabuf),
			      find_export(snapshot, dmabuf));
}

struct exporter_report snapshot_exporter(struct snapshot *snapshot, struct object *dmabuf)
{
	const struct snapshot_dmabuf wanted = { .object = dmabuf };
	struct snapshot_dmabuf *known = bsearch(&wanted, snapshot->dmabufs, snapshot->dmabuf_count,
						sizeof(wanted), by_object);

	if (!known)
		return ask_exporter(snapshot, dmabuf);
	if (!known->probed)
		known->report = ask_exporter(snapshot, dmabuf);
	known->probed = true;
	return known->report;
}

/* NULL when it is not known where that device has its memory. */
static const struct snapshot_exporter *find_exporter(struct snapshot *snapshot,
						     const struct pci_name *name)
{
	struct snapshot_exporter *exporter = snapshot->exporters;

	while (exporter && strcmp(exporter->pci.name.bdf, name->bdf))
		exporter = exporter->next;
	if (exporter)
		return exporter->error ? NULL : exporter;
	exporter = calloc(1, sizeof(*exporter));
	if (!exporter)
		return NULL;
	exporter->error = pci_get(name, &exporter->pci);
	exporter->pci.name = *name;
	exporter->next = snapshot->exporters;
	snapshot->exporters = exporter;
	return exporter->error ? NULL : exporter;
}

/* Where the mapping's first byte lies on the bus; only single-range dma-bufs are mapped. */
static int expected_address(struct snapshot *snapshot, const struct object *mapping,
			    uint64_t *address)
{
	const struct object *dmabuf =
		object_find(&snapshot->context->objects, OBJECT_DMABUF, mapping->dmabuf);
	const struct snapshot_exporter *exporter;

	if (!dmabuf || !*dmabuf->device.bdf || dmabuf->bar >= PCI_BARS || !dmabuf->range_count)
		return -ENOENT;
	exporter = find_exporter(snapshot, &dmabuf->device);
	if (!exporter)
		return -ENODEV;
	*address = exporter->pci.bars[dmabuf->bar].bus.offset + dmabuf->ranges[0].offset +
		   mapping->offset;
	return 0;
}

static enum pagetable_answer ask_page_table(struct snapshot_device *device, struct range iova,
					    uint64_t address)
{
	struct pci_name name;

	if (!device->read) {
		device->error = pci_parse_name(device->object->name, &name);
		if (!device->error)
			device->error = pagetable_read(&name, &device->table);
		device->read = true;
	}
	return device->error ? PAGETABLE_UNREADABLE :
			       pagetable_look_up(&device->table, iova, address);
}

/* The page tables of all devices that reach the mapping, as far as they can be read. */
static void ask_page_tables(struct snapshot *snapshot, const struct object *mapping,
			    struct mapping_evidence *evidence)
{
	uint64_t address;
	int unknown = expected_address(snapshot, mapping, &address);

	for (unsigned i = 0; i < snapshot->device_count; i++) {
		struct snapshot_device *device = &snapshot->devices[i];
		enum pagetable_answer answer = PAGETABLE_UNREADABLE;

		if (!object_is_reached_by(mapping, device->object))
			continue;
		evidence->attached = true;
		if (!unknown)
			answer = ask_page_table(device, mapping->addresses, address);
		if (answer == PAGETABLE_UNREADABLE)
			continue;
		evidence->tables_differ |= evidence->tables != PAGETABLE_UNREADABLE &&
					   evidence->tables != answer;
		evidence->tables = answer;
	}
}

bool snapshot_shares_window(const struct snapshot *snapshot, const struct object *mapping)
{
	const struct snapshot_window wanted = { .mapping = mapping };
	const struct snapshot_window *window = bsearch(
		&wanted, snapshot->windows, snapshot->window_count, sizeof(wanted), by_object);

	return !window || window->shared;
}

/* A mapping that was recovered is a new one, so a verification is never older than its mapping. */
static enum dma_answer ask_dma(const struct object *mapping)
{
	return !mapping->verified ? DMA_NONE : mapping->arrived ? DMA_ARRIVED : DMA_FAULTED;
}

/* A context's mappings are by IOAS, and then by address. */
static bool is_before_place(const void *item, const void *place)
{
	const struct inventory_mapping *mapping = item, *wanted = place;

	return mapping->ioas != wanted->ioas ? mapping->ioas < wanted->ioas :
					       mapping->addresses.offset < wanted->addresses.offset;
}

/* NULL: iommufd's record cannot be had, or has something else there. */
static const struct inventory_mapping *find_mapping(const struct snapshot *snapshot,
						    const struct object *mapping,
						    const struct object *dmabuf)
{
	const struct object *ioas =
		object_find(&snapshot->context->objects, OBJECT_IOAS, mapping->target);
	const struct inventory_context *record = snapshot->record;
	struct inventory_mapping wanted = { .addresses = mapping->addresses };
	const struct inventory_mapping *found;
	unsigned at;

	if (!record || !ioas || !mapping->importer->in_ioas)
		return NULL;
	wanted.ioas = ioas->id;
	at = search_first(record->mappings, record->mapping_count, sizeof(wanted), &wanted,
			  is_before_place);
	found = &record->mappings[at];
	return at < record->mapping_count && !is_before_place(&wanted, found) &&
			       found->addresses.length == mapping->addresses.length &&
			       found->offset == mapping->offset && found->inode == dmabuf->inode ?
		       found :
		       NULL;
}

static enum mapping_state ask_records(const struct snapshot *snapshot, const struct object *mapping,
				      const struct object *dmabuf)
{
	const struct inventory_mapping *record = find_mapping(snapshot, mapping, dmabuf);

	return record ? judge_kernel_mapping(find_export(snapshot, dmabuf), record) :
			MAPPING_UNKNOWN;
}

struct mapping_report snapshot_mapping(struct snapshot *snapshot, const struct object *mapping)
{
	struct object *dmabuf =
		object_find(&snapshot->context->objects, OBJECT_DMABUF, mapping->dmabuf);
	struct exporter_report exporter = { 0 };
	struct mapping_evidence evidence = {
		.dma = ask_dma(mapping),
		.recorded = *mapping->revoked_by,
	};

	if (dmabuf) {
		exporter = snapshot_exporter(snapshot, dmabuf);
		evidence.kernel = ask_records(snapshot, mapping, dmabuf);
	}
	evidence.exporter = exporter.state;
	evidence.probed = exporter.evidence & EVIDENCE_PROBE;
	ask_page_tables(snapshot, mapping, &evidence);
	/* The events name no domain, so two mappings at one IOVA cannot be told apart. */
	if (!snapshot_shares_window(snapshot, mapping))
		evidence.trace =
			trace_index_ask(&snapshot->trace, mapping->addresses, mapping->made);
	return judge_mapping(&evidence);
}

enum mapping_state mapping_state_now(struct context *context, const struct object *mapping)
{
	enum mapping_state state;
	struct snapshot snapshot;

	snapshot_begin(&snapshot, context);
	state = snapshot_mapping(&snapshot, mapping).state;
	snapshot_end(&snapshot);
	return state;
}
