/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What state exporters and mappings are in, and on what evidence that rests. The exporter's
 * state is kept apart from the mapping's: the first can recover by itself, the second cannot.
 */
#ifndef DMABUFCTL_CONTEXT_STATE_H
#define DMABUFCTL_CONTEXT_STATE_H

#include "context/context.h"
#include "kernel/trace.h"

/* Strongest first. */
enum evidence {
	EVIDENCE_DMA = 1 << 0,	      /* a device's own DMA arrived, or faulted */
	EVIDENCE_PAGE_TABLE = 1 << 1, /* read back through the IOMMU's debugfs */
	EVIDENCE_TRACE = 1 << 2,      /* its map and unmap events */
	EVIDENCE_PROBE = 1 << 3,      /* a trial import */
	EVIDENCE_RECORD = 1 << 4,     /* dmabufctl did it itself */
};
#define EVIDENCE_BITS 5

enum exporter_state {
	EXPORTER_UNKNOWN,
	EXPORTER_USABLE,
	EXPORTER_REVOKED,
};

enum mapping_state {
	MAPPING_UNKNOWN,
	MAPPING_LIVE,
	MAPPING_IDLE,
	MAPPING_REVOKED,
	MAPPING_STALE,
};

struct exporter_report {
	enum exporter_state state;
	unsigned evidence; /* enum evidence bits */
	bool for_ever;	   /* revoked, and nothing brings it back: its device was closed */
};

struct mapping_report {
	enum mapping_state state;
	unsigned evidence;
	unsigned missing; /* sources that could have told more */
};

/* The sources as they are at one moment; look ups after survey_begin() agree with each other. */
struct survey {
	struct context *context;
	struct trace_log log;
	bool log_readable;
};

void survey_begin(struct survey *survey, struct context *context);
void survey_end(struct survey *survey);

struct exporter_report survey_exporter(struct survey *survey, struct object *dmabuf);
struct mapping_report survey_mapping(struct survey *survey, const struct object *mapping);
/* For one alone. */
enum mapping_state mapping_state_now(struct context *context, const struct object *mapping);

const char *exporter_state_name(enum exporter_state state);
const char *mapping_state_name(enum mapping_state state);
const char *evidence_name(unsigned bit);

#endif
