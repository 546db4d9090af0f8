// SPDX-License-Identifier: GPL-2.0-only
#include "context/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context/operation.h"
#include "context/recorder.h"
#include "util/array.h"
#include "util/search.h"

/* A device that mappings are for, whose page table is read when it is first asked for. */
struct snapshot_device {
	const char *name, *ioas;
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
	bool looked; /* the importer was asked */
	int error;   /* why it did not tell */
	struct import_look look;
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
		if (object_is_at_iova(mapping))
			snapshot->windows[snapshot->window_count++].mapping = mapping;
	qsort(snapshot->windows, snapshot->window_count, sizeof(*snapshot->windows), by_iova);
	mark_shared(snapshot->windows, snapshot->window_count);
	qsort(snapshot->windows, snapshot->window_count, sizeof(*snapshot->windows), by_object);
}

static void add_device(struct snapshot *snapshot, const char *name, const char *ioas)
{
	struct snapshot_device *added;

	for (unsigned i = 0; i < snapshot->device_count; i++)
		if (!strcmp(snapshot->devices[i].name, name))
			return;
	added = array_add(&snapshot->devices, &snapshot->device_count);
	if (added)
		*added = (struct snapshot_device){ .name = name, .ioas = ioas };
}

static void list_devices(struct snapshot *snapshot)
{
	const struct object_list *objects = &snapshot->context->objects;

	for_each_object(device, objects, OBJECT_DEVICE)
		add_device(snapshot, device->name, device->ioas);
	for_each_object(mapping, objects, OBJECT_MAPPING)
		if (mapping->importer->for_pci)
			add_device(snapshot, mapping->target, "");
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
	for (unsigned i = 0; i < snapshot->window_count; i++)
		free(snapshot->windows[i].look.pieces);
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
		device->error = pci_parse_name(device->name, &name);
		if (!device->error)
			device->error = pagetable_read(&name, &device->table);
		device->read = true;
	}
	return device->error ? PAGETABLE_UNREADABLE :
			       pagetable_look_up(&device->table, iova, address);
}

static struct snapshot_window *find_window(const struct snapshot *snapshot,
					   const struct object *mapping)
{
	const struct snapshot_window wanted = { .mapping = mapping };

	return bsearch(&wanted, snapshot->windows, snapshot->window_count, sizeof(wanted),
		       by_object);
}

const struct import_look *snapshot_look(struct snapshot *snapshot, const struct object *mapping)
{
	struct snapshot_window *window = find_window(snapshot, mapping);

	if (!window || !mapping->importer->look)
		return NULL;
	if (!window->looked) {
		int fd = context_fd(snapshot->context, (struct object *)mapping);

		window->error = fd < 0 ? fd : mapping->importer->look(fd, &window->look);
		window->looked = true;
	}
	return window->error ? NULL : &window->look;
}

/* Whether the device's page table is what brings it to the mapping, in one piece. */
static bool is_translated(struct snapshot *snapshot, const struct object *mapping)
{
	const struct import_look *look = snapshot_look(snapshot, mapping);

	if (!mapping->importer->look)
		return true;
	return look && look->translated &&
	       (!look->mapped || (look->count == 1 && look->pieces->physical));
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

		if (!mapping->importer->reaches(mapping->target, device->name, device->ioas))
			continue;
		evidence->attached = true;
		if (!unknown && is_translated(snapshot, mapping))
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
	const struct snapshot_window *window = find_window(snapshot, mapping);

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

/* By the importer that has it, where that is not iommufd. */
static enum mapping_state ask_importer(struct snapshot *snapshot, const struct object *mapping,
				       enum exporter_state exporter)
{
	const struct import_look *look = snapshot_look(snapshot, mapping);

	if (!look)
		return MAPPING_UNKNOWN;
	return look->mapped		    ? MAPPING_LIVE :
	       exporter == EXPORTER_REVOKED ? MAPPING_REVOKED :
					      MAPPING_STALE;
}

struct mapping_report snapshot_mapping(struct snapshot *snapshot, const struct object *mapping)
{
	struct object *dmabuf =
		object_find(&snapshot->context->objects, OBJECT_DMABUF, mapping->dmabuf);
	struct exporter_report exporter = { 0 };
	struct mapping_evidence evidence = {
		.dma = ask_dma(mapping),
		.recorded = *mapping->revoked_by,
		.attached = !mapping->importer->in_ioas, /* it is for a device from the first */
	};

	if (dmabuf) {
		exporter = snapshot_exporter(snapshot, dmabuf);
		evidence.kernel = mapping->importer->look ?
					  ask_importer(snapshot, mapping, exporter.state) :
					  ask_records(snapshot, mapping, dmabuf);
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
