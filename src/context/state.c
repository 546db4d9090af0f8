// SPDX-License-Identifier: GPL-2.0-only
#include "context/state.h"

#include <errno.h>
#include <string.h>

#include "context/operation.h"
#include "kernel/pagetable.h"

const char *exporter_state_name(enum exporter_state state)
{
	static const char *const names[] = { "unknown", "usable", "revoked" };

	return names[state];
}

const char *mapping_state_name(enum mapping_state state)
{
	static const char *const names[] = { "unknown", "live", "idle", "revoked", "stale" };

	return names[state];
}

const char *evidence_name(unsigned bit)
{
	static const char *const names[EVIDENCE_BITS] = { "dma", "page-table", "trace", "probe",
							  "record" };

	for (unsigned i = 0; i < EVIDENCE_BITS; i++)
		if (bit == 1u << i)
			return names[i];
	return "";
}

void survey_begin(struct survey *survey, struct context *context)
{
	*survey = (struct survey){ .context = context };
	survey->log_readable = !context_read_trace(context, &survey->log);
}

void survey_end(struct survey *survey)
{
	trace_log_free(&survey->log);
}

struct exporter_report survey_exporter(struct survey *survey, struct object *dmabuf)
{
	struct exporter_report report = { .evidence = EVIDENCE_PROBE };

	if (object_device_closed(&survey->context->objects, dmabuf)) {
		report.for_ever = true;
		report.evidence |= EVIDENCE_RECORD;
	}
	switch (context_probe(survey->context, dmabuf)) {
	case 0:
	case -EOPNOTSUPP: /* refused for its ranges, which the kernel looks at after revocation */
		report.state = EXPORTER_USABLE;
		break;
	case -ENODEV:
		report.state = EXPORTER_REVOKED;
		break;
	default:
		report.evidence = 0;
	}
	return report;
}

static bool is_inside(struct range inner, struct range outer)
{
	return inner.offset >= outer.offset &&
	       inner.offset - outer.offset + inner.length <= outer.length;
}

/* The events name no domain, so two mappings at one IOVA cannot be told apart. */
static bool shares_window(const struct context *context, const struct object *mapping)
{
	for_each_object(other, &context->objects, OBJECT_MAPPING)
		if (other != mapping &&
		    other->mapping.iova.offset <
			    mapping->mapping.iova.offset + mapping->mapping.iova.length &&
		    mapping->mapping.iova.offset <
			    other->mapping.iova.offset + other->mapping.iova.length)
			return true;
	return false;
}

enum trace_answer {
	TRACE_SILENT, /* nothing that could be relied on */
	TRACE_MAPPED,
	TRACE_UNMAPPED,
};

/* Bytes mapped less bytes unmapped since the mapping was made, over all its domains. */
static enum trace_answer ask_trace(const struct survey *survey, const struct object *mapping)
{
	uint64_t since = mapping->mapping.made;
	int64_t balance = 0;
	bool seen = false;

	if (!survey->log_readable || shares_window(survey->context, mapping) ||
	    mapping->mapping.made < survey->log.since)
		return TRACE_SILENT;
	for (unsigned i = 0; i < survey->log.count; i++) {
		const struct trace_event *event = &survey->log.events[i];

		if (event->time < since || !is_inside(event->iova, mapping->mapping.iova))
			continue;
		seen = true;
		balance += event->unmap ? -(int64_t)event->iova.length :
					  (int64_t)event->iova.length;
	}
	return !seen ? TRACE_SILENT : balance > 0 ? TRACE_MAPPED : TRACE_UNMAPPED;
}

/* Where the mapping's first byte lies on the bus; only single-range dma-bufs are mapped. */
static int expected_address(const struct context *context, const struct object *mapping,
			    uint64_t *address)
{
	const struct object *dmabuf =
		object_find(&context->objects, OBJECT_DMABUF, mapping->mapping.dmabuf);
	struct pci_device pci;
	int rc;

	if (!dmabuf || object_is_adopted(dmabuf))
		return -ENOENT;
	rc = pci_get(&dmabuf->dmabuf.device, &pci);
	if (rc)
		return rc;
	*address = pci.bars[dmabuf->dmabuf.bar].bus.offset + dmabuf->dmabuf.ranges[0].offset +
		   mapping->mapping.offset;
	return 0;
}

/* The page tables of all devices attached to the mapping's IOAS; they must agree. */
static enum pagetable_answer ask_page_tables(const struct survey *survey,
					     const struct object *mapping)
{
	enum pagetable_answer common = PAGETABLE_UNREADABLE;
	uint64_t address;

	if (expected_address(survey->context, mapping, &address))
		return PAGETABLE_UNREADABLE;
	for_each_object(device, &survey->context->objects, OBJECT_DEVICE) {
		enum pagetable_answer answer;
		struct pci_name name;

		if (strcmp(device->device.ioas, mapping->mapping.ioas) ||
		    pci_parse_name(device->name, &name))
			continue;
		answer = pagetable_look_up(&name, mapping->mapping.iova, address);
		if (answer == PAGETABLE_UNREADABLE)
			continue;
		if (common != PAGETABLE_UNREADABLE && common != answer)
			return PAGETABLE_PARTIAL;
		common = answer;
	}
	return common;
}

static bool has_attached_device(const struct context *context, const struct object *mapping)
{
	for_each_object(device, &context->objects, OBJECT_DEVICE)
		if (!strcmp(device->device.ioas, mapping->mapping.ioas))
			return true;
	return false;
}

static struct mapping_report judge_attached(const struct object *mapping,
					    enum pagetable_answer tables, enum trace_answer trace)
{
	if (tables == PAGETABLE_FULL)
		return (struct mapping_report){ MAPPING_LIVE, EVIDENCE_PAGE_TABLE, 0 };
	if (tables == PAGETABLE_EMPTY)
		return (struct mapping_report){
			MAPPING_STALE,
			EVIDENCE_PAGE_TABLE | (trace == TRACE_UNMAPPED ? EVIDENCE_TRACE : 0), 0
		};
	if (tables != PAGETABLE_UNREADABLE) /* half, or somewhere else: nobody can vouch for it */
		return (struct mapping_report){ MAPPING_UNKNOWN, 0, 0 };
	if (trace != TRACE_SILENT)
		return (struct mapping_report){ trace == TRACE_MAPPED ? MAPPING_LIVE :
									MAPPING_STALE,
						EVIDENCE_TRACE, EVIDENCE_PAGE_TABLE };
	return (struct mapping_report){
		*mapping->mapping.revoked_by ? MAPPING_STALE : MAPPING_UNKNOWN,
		*mapping->mapping.revoked_by ? EVIDENCE_RECORD : 0,
		EVIDENCE_PAGE_TABLE | EVIDENCE_TRACE,
	};
}

static struct mapping_report judge(struct survey *survey, const struct object *mapping)
{
	struct object *dmabuf =
		object_find(&survey->context->objects, OBJECT_DMABUF, mapping->mapping.dmabuf);
	struct exporter_report exporter = survey_exporter(survey, dmabuf);
	bool attached = has_attached_device(survey->context, mapping);
	enum pagetable_answer tables = attached ? ask_page_tables(survey, mapping) :
						  PAGETABLE_UNREADABLE;
	enum trace_answer trace = ask_trace(survey, mapping);

	/* A translation that is seen counts more than a trial import that was refused. */
	if (exporter.state == EXPORTER_REVOKED && tables != PAGETABLE_FULL)
		return (struct mapping_report){
			MAPPING_REVOKED,
			EVIDENCE_PROBE | (tables == PAGETABLE_EMPTY ? EVIDENCE_PAGE_TABLE : 0) |
				(trace == TRACE_UNMAPPED ? EVIDENCE_TRACE : 0),
			0,
		};
	if (attached)
		return judge_attached(mapping, tables, trace);
	/* No page table holds it. Whether it would come back, only the record can tell. */
	return (struct mapping_report){ *mapping->mapping.revoked_by ? MAPPING_STALE : MAPPING_IDLE,
					EVIDENCE_RECORD, 0 };
}

/* A mapping that was recovered is a new one, so a verification is never older than its mapping. */
static bool agrees_with_dma(const struct object_mapping *mapping, enum mapping_state state)
{
	if (!mapping->verified)
		return false;
	return mapping->arrived ? state == MAPPING_LIVE :
				  state == MAPPING_STALE || state == MAPPING_REVOKED;
}

struct mapping_report survey_mapping(struct survey *survey, const struct object *mapping)
{
	struct mapping_report report = judge(survey, mapping);

	if (agrees_with_dma(&mapping->mapping, report.state))
		report.evidence |= EVIDENCE_DMA;
	return report;
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
