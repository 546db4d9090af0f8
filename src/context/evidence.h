/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What state exporters and mappings are in, and on what evidence that rests: judged from what
 * the sources say, and nothing else. The exporter's state is kept apart from the mapping's: the
 * first can recover by itself, the second cannot.
 */
#ifndef DMABUFCTL_CONTEXT_EVIDENCE_H
#define DMABUFCTL_CONTEXT_EVIDENCE_H

#include <stdbool.h>

#include "kernel/inventory/found.h"
#include "kernel/pagetable.h"
#include "kernel/trace.h"
#include "util/range.h"

/* Strongest first. */
enum evidence {
	EVIDENCE_DMA = 1 << 0,	      /* a device's own DMA arrived, or faulted */
	EVIDENCE_PAGE_TABLE = 1 << 1, /* read back through the IOMMU's debugfs */
	EVIDENCE_KERNEL = 1 << 2,     /* iommufd's and VFIO's own records */
	EVIDENCE_FDINFO = 1 << 3,     /* what VFIO tells of a dma-buf's fd */
	EVIDENCE_TRACE = 1 << 4,      /* its map and unmap events */
	EVIDENCE_PROBE = 1 << 5,      /* a trial import */
	EVIDENCE_RECORD = 1 << 6,     /* dmabufctl did it itself */
};
#define EVIDENCE_BITS 7

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
	unsigned missing;  /* sources that could have told */
	bool permanent;	   /* revoked, and nothing brings it back: its device was closed */
};

/* Why the page tables leave a mapping's state open. */
enum mapping_doubt {
	DOUBT_NONE,
	DOUBT_PARTIAL,	 /* a part of the window is translated */
	DOUBT_ELSEWHERE, /* it is translated to another address */
	DOUBT_DIFFER,	 /* the devices' tables do not hold the same */
};

struct mapping_report {
	enum mapping_state state;
	unsigned evidence;
	unsigned missing;   /* sources that could have told more */
	unsigned disagrees; /* sources that say otherwise */
	enum mapping_doubt doubt;
};

enum trace_answer {
	TRACE_SILENT, /* nothing that could be relied on */
	TRACE_MAPPED,
	TRACE_UNMAPPED,
};

enum dma_answer {
	DMA_NONE, /* none since the mapping was made */
	DMA_ARRIVED,
	DMA_FAULTED,
};

/* What each source says of one mapping. */
struct mapping_evidence {
	enum exporter_state exporter;
	bool probed;		      /* that was found by a trial import */
	bool attached;		      /* a device is, to its IOAS */
	enum pagetable_answer tables; /* of those devices; UNREADABLE when none is */
	bool tables_differ;	      /* they do not all say that */
	enum trace_answer trace;
	enum dma_answer dma;
	enum mapping_state kernel; /* by its records; MAPPING_UNKNOWN: they do not tell */
	bool recorded; /* dmabufctl pulled a trigger on its exporter since it was made */
};

/* What the kernel's records say; export: NULL for a dma-buf of which VFIO has none. */
enum exporter_state judge_kernel_export(const struct inventory_export *export);
enum mapping_state judge_kernel_mapping(const struct inventory_export *export,
					const struct inventory_mapping *mapping);

/*
 * probe: what a trial import said; closed: its device was closed here since it was exported;
 * export: what VFIO has on record, or NULL.
 */
struct exporter_report judge_exporter(int probe, bool closed,
				      const struct inventory_export *export);
struct mapping_report judge_mapping(const struct mapping_evidence *evidence);

/* The trace's events in the order of their addresses. All zero: there is no trace. */
struct trace_index {
	struct trace_event *events; /* malloc'd */
	unsigned count;
	bool readable;
	uint64_t since; /* nothing is missing from then on */
};

/* 0 or -ENOMEM; ended by trace_index_free(). */
int trace_index_make(struct trace_index *index, const struct trace_log *log);
void trace_index_free(struct trace_index *index);

/* Bytes mapped in the window less bytes unmapped since then, over all domains. */
enum trace_answer trace_index_ask(const struct trace_index *index, struct range window,
				  uint64_t since);

/* When exactly that window was first unmapped since then; false: it was not seen. */
bool trace_index_find_unmap(const struct trace_index *index, struct range window, uint64_t since,
			    uint64_t *time);

const char *exporter_state_name(enum exporter_state state);
const char *mapping_state_name(enum mapping_state state);
/* NULL for none. */
const char *mapping_doubt_name(enum mapping_doubt doubt);
const char *evidence_name(unsigned bit);

#endif
