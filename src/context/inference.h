/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's records mean together. Each says what a task did; only what the same task did
 * before and after tells why. No clock and no system call takes part in it.
 */
#ifndef DMABUFCTL_CONTEXT_INFERENCE_H
#define DMABUFCTL_CONTEXT_INFERENCE_H

#include "kernel/record.h"
#include "util/range.h"

/* What a task did last, as far as it bears on what it does next. */
struct inference_task {
	pid_t pid;
	uint64_t time; /* of its last record; 0: the entry is free */
	enum record_kind last;
	enum record_promise promise; /* of what it is about to attach */
	uint64_t inode;	      /* of what it attached last */
	uint64_t invalidated; /* inode of what it is invalidating; 0: nothing */
	bool trial;	      /* what it attached last, it only tried */
	struct range window;  /* that it unmapped last */
	struct range revoked; /* that it revoked last, in this invalidation */
};

#define INFERENCE_SETS 64
#define INFERENCE_WAYS 4

struct inference {
	struct inference_task tasks[INFERENCE_SETS][INFERENCE_WAYS]; /* by PID */
};

/* What an importer promises the exporter (Documentation/driver-api/dma-buf.rst). */
enum inferred_promise {
	INFERRED_NONE,	    /* that is not known */
	INFERRED_DYNAMIC,   /* to let go when it is told to, and to map again */
	INFERRED_REVOCABLE, /* the same, but it has pinned the memory: it may let go for good */
	INFERRED_PINNED,    /* nothing: it cannot be told */
	INFERRED_PLAIN,	    /* nor that: a static importer */
};

struct inferred {
	bool undecided; /* the task's next record would tell */
	bool trial;	/* an attach, or its detach, between which nothing was mapped */
	bool imported;	/* a map of the dma-buf that the task has just attached */
	bool revoked;	/* an unmap that the exporter caused, not user space */
	bool given_up;	/* a detach that ends the mapping in window */
	uint64_t inode; /* of the dma-buf that was mapped there; 0: not known */
	struct range window;
	enum inferred_promise promise; /* of an attach */
};

/* What the first of the records means, given those that follow it. */
struct inferred infer(const struct inference *inference, const struct record *records,
		      unsigned count);

/* Takes note of the first record, of which inferred was found; then the next can be asked about. */
void inference_note(struct inference *inference, const struct record *record,
		    const struct inferred *inferred);

#endif
