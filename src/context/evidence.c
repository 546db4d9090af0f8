// SPDX-License-Identifier: GPL-2.0-only
#include "context/evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/search.h"

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

const char *mapping_doubt_name(enum mapping_doubt doubt)
{
	static const char *const names[] = { NULL, "partial", "elsewhere", "differ" };

	return names[doubt];
}

const char *evidence_name(unsigned bit)
{
	static const char *const names[EVIDENCE_BITS] = { "dma",   "page-table", "kernel", "fdinfo",
							  "trace", "probe",	 "record" };

	for (unsigned i = 0; i < EVIDENCE_BITS; i++)
		if (bit == 1u << i)
			return names[i];
	return "";
}

enum mapping_state judge_kernel_mapping(const struct inventory_export *export,
					const struct inventory_mapping *mapping)
{
	enum exporter_state exporter = judge_kernel_export(export);

	if (exporter == EXPORTER_REVOKED)
		return MAPPING_REVOKED;
	if (mapping->revoked)
		return exporter == EXPORTER_USABLE ? MAPPING_STALE : MAPPING_UNKNOWN;
	return mapping->domains ? MAPPING_LIVE : MAPPING_IDLE;
}

static unsigned when(bool condition, enum evidence evidence)
{
	return condition ? evidence : 0;
}

enum exporter_state judge_kernel_export(const struct inventory_export *export)
{
	return !export ? EXPORTER_UNKNOWN : export->revoked ? EXPORTER_REVOKED : EXPORTER_USABLE;
}

/* Which of the kernel's sources says it. */
static enum evidence evidence_of_export(const struct inventory_export *export)
{
	return export && export->by_fdinfo ? EVIDENCE_FDINFO : EVIDENCE_KERNEL;
}

struct exporter_report judge_exporter(int probe, bool closed, const struct inventory_export *export)
{
	enum exporter_state kernel = judge_kernel_export(export);
	struct exporter_report report = {
		.evidence = EVIDENCE_PROBE,
		.permanent = closed || (export && export->closed),
	};

	switch (probe) {
	case 0:
	case -EOPNOTSUPP: /* refused for its ranges, which the kernel looks at after revocation */
		report.state = EXPORTER_USABLE;
		break;
	case -ENODEV:
		report.state = EXPORTER_REVOKED;
		report.evidence |= when(closed, EVIDENCE_RECORD);
		break;
	default:
		report.state = kernel;
		report.evidence = 0;
		report.missing = EVIDENCE_PROBE;
	}
	report.evidence |= when(kernel && kernel == report.state, evidence_of_export(export));
	return report;
}

/* A revoked exporter whose mapping is not seen whole in the page tables. */
static void judge_revoked(const struct mapping_evidence *evidence, struct mapping_report *report)
{
	bool empty = evidence->tables == PAGETABLE_EMPTY && !evidence->tables_differ;

	report->state = MAPPING_REVOKED;
	report->evidence = when(evidence->probed, EVIDENCE_PROBE) |
			   when(empty, EVIDENCE_PAGE_TABLE) |
			   when(evidence->trace == TRACE_UNMAPPED, EVIDENCE_TRACE);
	report->disagrees =
		when(evidence->tables != PAGETABLE_UNREADABLE && !empty, EVIDENCE_PAGE_TABLE) |
		when(evidence->trace == TRACE_MAPPED, EVIDENCE_TRACE);
}

static void judge_by_tables(const struct mapping_evidence *evidence, struct mapping_report *report)
{
	report->evidence = EVIDENCE_PAGE_TABLE;
	if (report->doubt)
		return;
	if (evidence->tables == PAGETABLE_FULL) {
		report->state = MAPPING_LIVE;
		report->disagrees = when(evidence->exporter == EXPORTER_REVOKED && evidence->probed,
					 EVIDENCE_PROBE) |
				    when(evidence->trace == TRACE_UNMAPPED, EVIDENCE_TRACE);
		return;
	}
	report->state = MAPPING_STALE;
	report->evidence |= when(evidence->trace == TRACE_UNMAPPED, EVIDENCE_TRACE);
	report->disagrees = when(evidence->trace == TRACE_MAPPED, EVIDENCE_TRACE);
}

/* Attached, and nobody can read the page tables. */
static void judge_by_rest(const struct mapping_evidence *evidence, struct mapping_report *report)
{
	bool traced = evidence->trace != TRACE_SILENT;

	report->missing = EVIDENCE_PAGE_TABLE;
	if (evidence->kernel) {
		bool agrees = (evidence->trace == TRACE_MAPPED) ==
			      (evidence->kernel == MAPPING_LIVE);

		report->state = evidence->kernel;
		report->evidence = when(traced && agrees, EVIDENCE_TRACE);
		report->disagrees = when(traced && !agrees, EVIDENCE_TRACE);
		return;
	}
	report->missing |= EVIDENCE_KERNEL;
	if (traced) {
		report->state = evidence->trace == TRACE_MAPPED ? MAPPING_LIVE : MAPPING_STALE;
		report->evidence = EVIDENCE_TRACE;
		return;
	}
	report->missing |= EVIDENCE_TRACE;
	report->state = evidence->recorded ? MAPPING_STALE : MAPPING_UNKNOWN;
	report->evidence = when(evidence->recorded, EVIDENCE_RECORD);
}

/* No page table holds it. Whether it would come back, only records can tell. */
static void judge_unattached(const struct mapping_evidence *evidence, struct mapping_report *report)
{
	enum mapping_state recorded = evidence->recorded ? MAPPING_STALE : MAPPING_IDLE;

	report->state = evidence->kernel ? evidence->kernel : recorded;
	report->evidence = when(recorded == report->state, EVIDENCE_RECORD);
}

static enum mapping_doubt doubt_of(const struct mapping_evidence *evidence)
{
	return evidence->tables_differ		       ? DOUBT_DIFFER :
	       evidence->tables == PAGETABLE_PARTIAL   ? DOUBT_PARTIAL :
	       evidence->tables == PAGETABLE_ELSEWHERE ? DOUBT_ELSEWHERE :
							 DOUBT_NONE;
}

static bool agrees_with_dma(enum dma_answer dma, enum mapping_state state)
{
	switch (dma) {
	case DMA_ARRIVED:
		return state == MAPPING_LIVE;
	case DMA_FAULTED:
		return state == MAPPING_STALE || state == MAPPING_REVOKED;
	default:
		return false;
	}
}

struct mapping_report judge_mapping(const struct mapping_evidence *evidence)
{
	struct mapping_report report = { .doubt = doubt_of(evidence) };
	bool seen_whole = evidence->tables == PAGETABLE_FULL && !evidence->tables_differ;

	/* A translation that is seen counts more than a trial import that was refused. */
	if (evidence->exporter == EXPORTER_REVOKED && !seen_whole) {
		judge_revoked(evidence, &report);
	} else if (!evidence->attached) {
		judge_unattached(evidence, &report);
	} else if (evidence->tables != PAGETABLE_UNREADABLE) {
		judge_by_tables(evidence, &report);
	} else {
		judge_by_rest(evidence, &report);
	}
	if (evidence->exporter == EXPORTER_UNKNOWN && report.state == MAPPING_STALE)
		report.missing |= EVIDENCE_PROBE;
	report.evidence |=
		when(agrees_with_dma(evidence->dma, report.state), EVIDENCE_DMA) |
		when(evidence->kernel && evidence->kernel == report.state, EVIDENCE_KERNEL);
	report.disagrees |=
		when(evidence->kernel && evidence->kernel != report.state, EVIDENCE_KERNEL);
	return report;
}

static int by_address(const void *a, const void *b)
{
	const struct trace_event *left = a, *right = b;

	if (left->iova.offset != right->iova.offset)
		return left->iova.offset < right->iova.offset ? -1 : 1;
	return left->time < right->time ? -1 : left->time > right->time;
}

int trace_index_make(struct trace_index *index, const struct trace_log *log)
{
	*index = (struct trace_index){ .count = log->count, .since = log->since };
	index->events = malloc((log->count + 1) * sizeof(*index->events));
	if (!index->events)
		return -ENOMEM;
	if (log->count) {
		memcpy(index->events, log->events, log->count * sizeof(*index->events));
		qsort(index->events, index->count, sizeof(*index->events), by_address);
	}
	index->readable = true;
	return 0;
}

void trace_index_free(struct trace_index *index)
{
	free(index->events);
	*index = (struct trace_index){ 0 };
}

static bool is_before_address(const void *event, const void *address)
{
	return ((const struct trace_event *)event)->iova.offset < *(const uint64_t *)address;
}

/* The first event at that address or behind it. */
static unsigned find_event(const struct trace_index *index, uint64_t address)
{
	return search_first(index->events, index->count, sizeof(*index->events), &address,
			    is_before_address);
}

enum trace_answer trace_index_ask(const struct trace_index *index, struct range window,
				  uint64_t since)
{
	int64_t balance = 0;
	bool seen = false;

	if (!index->readable || since < index->since)
		return TRACE_SILENT;
	for (unsigned i = find_event(index, window.offset); i < index->count; i++) {
		const struct trace_event *event = &index->events[i];
		uint64_t into = event->iova.offset - window.offset;

		if (into >= window.length)
			break;
		if (event->time < since || event->iova.length > window.length - into)
			continue;
		seen = true;
		balance += event->unmap ? -(int64_t)event->iova.length :
					  (int64_t)event->iova.length;
	}
	return !seen ? TRACE_SILENT : balance > 0 ? TRACE_MAPPED : TRACE_UNMAPPED;
}

bool trace_index_find_unmap(const struct trace_index *index, struct range window, uint64_t since,
			    uint64_t *time)
{
	for (unsigned i = find_event(index, window.offset); i < index->count; i++) {
		const struct trace_event *event = &index->events[i];

		if (event->iova.offset != window.offset)
			break;
		if (!event->unmap || event->iova.length != window.length || event->time < since)
			continue;
		*time = event->time;
		return true;
	}
	return false;
}
