/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel tells. Its tracing records are decoded from their binary form by the formats that
 * the kernel gives for them. Text that another user chose, such as a task's name, takes no part in
 * it.
 */
#ifndef DMABUFCTL_KERNEL_RECORD_H
#define DMABUFCTL_KERNEL_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/range.h"

enum record_kind {
	RECORD_MAP,	    /* iova, memory */
	RECORD_UNMAP,	    /* iova */
	RECORD_DOMAIN,	    /* device: it got another domain */
	RECORD_EXPORT,	    /* inode, size, exporter; memory: 0 where that is not known */
	RECORD_ATTACH,	    /* the same; device: the importer */
	RECORD_DETACH,	    /* the same */
	RECORD_PUT,	    /* inode, size, exporter: the last reference is gone */
	RECORD_REVOKED,	    /* inode, device: the exporter, bar; of a mapping: what is told of it */
	RECORD_RESTORED,    /* inode, device, bar: the memory can be mapped again */
	RECORD_INVALIDATE,  /* inode: the exporter begins to tell the importers to let go */
	RECORD_INVALIDATED, /* and has told all of them */
	RECORD_PIN,	    /* inode: an importer pins the memory */
	RECORD_PROMISE,	    /* promise: what an importer that is about to attach can do */
	/* None of the kernel's: so many (size) that came before are missing. */
	RECORD_LOST,   /* of the trace's */
	RECORD_UNTOLD, /* of what the programs tell of: VFIO's exports, revocations */
	RECORD_KINDS,
};

/* What an importer has told the dma-buf core of itself. */
enum record_promise {
	PROMISE_UNKNOWN,
	PROMISE_STATIC, /* nothing: no peer-to-peer DMA, and it cannot be told to let go */
	PROMISE_DEAF,	/* it cannot be told to, either */
	PROMISE_LETS_GO,
};

/* Whether importers had let go once the exporter had told all of them to. */
enum record_kept {
	KEPT_UNKNOWN,
	KEPT_NOT,
	KEPT,
};

struct record {
	enum record_kind kind;
	pid_t pid;	  /* the thread's */
	uint64_t time;	  /* CLOCK_MONOTONIC, ns */
	bool gap;	  /* records of this CPU that came before it are lost */
	unsigned reading; /* of a stream: its count of readings when it came */
	struct range iova;
	uint64_t memory; /* the physical address that is at iova, or that a dma-buf begins with */
	uint64_t inode;
	uint64_t size;
	char device[32];
	char exporter[32];
	enum record_promise promise;
	/* Told of revocations, which the trace knows nothing of. */
	int bar;	 /* -1: none of the device's */
	pid_t mapped_by; /* 0: no mapping is concerned */
	uint32_t ioas;	 /* 0: a mapping that is in no page table, and has no iova then */
	uint64_t took;	 /* the importer, in ns */
	enum record_kept kept;
};

/* Where a kind's fields lie in its records. */
struct record_format {
	int id;	      /* 0: not known */
	size_t least; /* that a record has, in bytes: all of its fields */
	struct record_field {
		uint16_t offset;
		uint16_t size; /* 0: there is no such field */
	} pid, iova, memory, size, inode, device, exporter, ops, callback;
};

struct record_formats {
	struct record_format of[RECORD_KINDS];
};

/* format: what tracefs has in an event's "format". -EINVAL when a field of that kind is missing. */
int record_learn(struct record_formats *formats, enum record_kind kind, const char *format,
		 size_t size);

/* False for a record that is of none of the kinds, or cut. Leaves time and gap alone. */
bool record_decode(const struct record_formats *formats, const void *data, size_t size,
		   struct record *record);

/*
 * Calls visit for each record in a page as trace_pipe_raw gives it; the record is there only
 * during the call. *gap: records that came before the page are lost, and no record has told so
 * yet; kept from page to page of a ring.
 */
void record_walk(const struct record_formats *formats, const void *page, bool *gap,
		 void (*visit)(const struct record *record, void *data), void *data);

#endif
