// SPDX-License-Identifier: GPL-2.0-only
#include "context/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context/operation.h"
#include "context/recorder.h"

/* An open device, whose page table is read when it is first asked for. */
struct survey_device {
	const struct object *object;
	bool read;
	int error; /* why there is no table */
	struct pagetable table;
};

/* Where a device has its BARs. */
struct survey_exporter {
	struct survey_exporter *next;
	int error; /* why that is not known */
	struct pci_device pci;
};

struct survey_dmabuf {
	const struct object *object;
	bool probed;
	struct exporter_report report;
};

struct survey_window {
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
	const struct survey_window *left = a, *right = b;
	uint64_t left_start = left->mapping->mapping.addresses.offset;
	uint64_t right_start = right->mapping->mapping.addresses.offset;

	return left_start < right_start ? -1 : left_start > right_start;
}

/* In the order of IOVAs a window meets one before it, or the next. */
static void mark_shared(struct survey_window *windows, unsigned count)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct range *iova = &windows[i].mapping->mapping.addresses;
		const struct range *next =
			i + 1 < count ? &windows[i + 1].mapping->mapping.addresses : NULL;
		uint64_t last = iova->offset + iova->length - 1;

		windows[i].shared = (i && iova->offset <= end) || (next && next->offset <= last);
		end = i && end > last ? end : last;
	}
}

static void list_windows(struct survey *survey)
{
	const struct object_list *objects = &survey->context->objects;

	survey->windows =
		calloc(object_count(objects, OBJECT_MAPPING) + 1, sizeof(*survey->windows));
	if (!survey->windows)
		return;
	for_each_object(mapping, objects, OBJECT_MAPPING)
		survey->windows[survey->window_count++].mapping = mapping;
	qsort(survey->windows, survey->window_count, sizeof(*survey->windows), by_iova);
	mark_shared(survey->windows, survey->window_count);
	qsort(survey->windows, survey->window_count, sizeof(*survey->windows), by_object);
}

static void list_devices(struct survey *survey)
{
	const struct object_list *objects = &survey->context->objects;

	survey->devices =
		calloc(object_count(objects, OBJECT_DEVICE) + 1, sizeof(*survey->devices));
	if (!survey->devices)
		return;
	for_each_object(device, objects, OBJECT_DEVICE)
		survey->devices[survey->device_count++].object = device;
}

static void list_dmabufs(struct survey *survey)
{
	const struct object_list *objects = &survey->context->objects;

	survey->dmabufs =
		calloc(object_count(objects, OBJECT_DMABUF) + 1, sizeof(*survey->dmabufs));
	if (!survey->dmabufs)
		return;
	for_each_object(dmabuf, objects, OBJECT_DMABUF)
		survey->dmabufs[survey->dmabuf_count++].object = dmabuf;
	qsort(survey->dmabufs, survey->dmabuf_count, sizeof(*survey->dmabufs), by_object);
}

static void read_trace(struct survey *survey)
{
	struct trace_log log;

	if (!context_read_trace(survey->context, &log))
		trace_index_make(&survey->trace, &log);
	trace_log_free(&log);
}

void survey_begin(struct survey *survey, struct context *context)
{
	*survey = (struct survey){ .context = context };
	read_trace(survey);
	list_devices(survey);
	list_dmabufs(survey);
	list_windows(survey);
}

void survey_end(struct survey *survey)
{
	importers[0]->end_trial(&survey->trial);
	for (unsigned i = 0; i < survey->device_count; i++)
		pagetable_free(&survey->devices[i].table);
	for (struct survey_exporter *exporter = survey->exporters, *next; exporter;
	     exporter = next) {
		next = exporter->next;
		free(exporter);
	}
	trace_index_free(&survey->trace);
	free(survey->devices);
	free(survey->dmabufs);
	free(survey->windows);
}

static struct exporter_report ask_exporter(struct survey *survey, struct object *dmabuf)
{
	return judge_exporter(context_probe(survey->context, &survey->trial, dmabuf),
			      object_device_closed(&survey->context->objects, dmabuf));
}

struct exporter_report survey_exporter(struct survey *survey, struct object *dmabuf)
{
	const struct survey_dmabuf wanted = { .object = dmabuf };
	struct survey_dmabuf *known =
		bsearch(&wanted, survey->dmabufs, survey->dmabuf_count, sizeof(wanted), by_object);

	if (!known)
		return ask_exporter(survey, dmabuf);
	if (!known->probed)
		known->report = ask_exporter(survey, dmabuf);
	known->probed = true;
	return known->report;
}

/* NULL when it is not known where that device has its memory. */
static const struct survey_exporter *find_exporter(struct survey *survey,
						   const struct pci_name *name)
{
	struct survey_exporter *exporter = survey->exporters;

	while (exporter && strcmp(exporter->pci.name.bdf, name->bdf))
		exporter = exporter->next;
	if (exporter)
		return exporter->error ? NULL : exporter;
	exporter = calloc(1, sizeof(*exporter));
	if (!exporter)
		return NULL;
	exporter->error = pci_get(name, &exporter->pci);
	exporter->pci.name = *name;
	exporter->next = survey->exporters;
	survey->exporters = exporter;
	return exporter->error ? NULL : exporter;
}

/* Where the mapping's first byte lies on the bus; only single-range dma-bufs are mapped. */
static int expected_address(struct survey *survey, const struct object *mapping, uint64_t *address)
{
	const struct object *dmabuf =
		object_find(&survey->context->objects, OBJECT_DMABUF, mapping->mapping.dmabuf);
	const struct survey_exporter *exporter;

	if (!dmabuf || object_is_adopted(dmabuf) || dmabuf->dmabuf.bar >= PCI_BARS ||
	    !dmabuf->dmabuf.range_count)
		return -ENOENT;
	exporter = find_exporter(survey, &dmabuf->dmabuf.device);
	if (!exporter)
		return -ENODEV;
	*address = exporter->pci.bars[dmabuf->dmabuf.bar].bus.offset +
		   dmabuf->dmabuf.ranges[0].offset + mapping->mapping.offset;
	return 0;
}

static enum pagetable_answer ask_page_table(struct survey_device *device, struct range iova,
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
static void ask_page_tables(struct survey *survey, const struct object *mapping,
			    struct mapping_evidence *evidence)
{
	uint64_t address;
	int unknown = expected_address(survey, mapping, &address);

	for (unsigned i = 0; i < survey->device_count; i++) {
		struct survey_device *device = &survey->devices[i];
		enum pagetable_answer answer = PAGETABLE_UNREADABLE;

		if (!object_is_reached_by(mapping, device->object))
			continue;
		evidence->attached = true;
		if (!unknown)
			answer = ask_page_table(device, mapping->mapping.addresses, address);
		if (answer == PAGETABLE_UNREADABLE)
			continue;
		evidence->tables_differ |= evidence->tables != PAGETABLE_UNREADABLE &&
					   evidence->tables != answer;
		evidence->tables = answer;
	}
}

bool survey_shares_window(const struct survey *survey, const struct object *mapping)
{
	const struct survey_window wanted = { .mapping = mapping };
	const struct survey_window *window =
		bsearch(&wanted, survey->windows, survey->window_count, sizeof(wanted), by_object);

	return !window || window->shared;
}

/* A mapping that was recovered is a new one, so a verification is never older than its mapping. */
static enum dma_answer ask_dma(const struct object_mapping *mapping)
{
	return !mapping->verified ? DMA_NONE : mapping->arrived ? DMA_ARRIVED : DMA_FAULTED;
}

struct mapping_report survey_mapping(struct survey *survey, const struct object *mapping)
{
	struct object *dmabuf =
		object_find(&survey->context->objects, OBJECT_DMABUF, mapping->mapping.dmabuf);
	struct mapping_evidence evidence = {
		.dma = ask_dma(&mapping->mapping),
		.recorded = *mapping->mapping.revoked_by,
	};

	if (dmabuf)
		evidence.exporter = survey_exporter(survey, dmabuf).state;
	ask_page_tables(survey, mapping, &evidence);
	/* The events name no domain, so two mappings at one IOVA cannot be told apart. */
	if (!survey_shares_window(survey, mapping))
		evidence.trace = trace_index_ask(&survey->trace, mapping->mapping.addresses,
						 mapping->mapping.made);
	return judge_mapping(&evidence);
}

enum mapping_state mapping_state_now(struct context *context, const struct object *mapping)
{
	enum mapping_state state;
	struct survey survey;

	survey_begin(&survey, context);
	state = survey_mapping(&survey, mapping).state;
	survey_end(&survey);
	return state;
}
