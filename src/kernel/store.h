/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a flight recorder has been read of: events in the order of their times, in a file in memory
 * that outlives its readers. Each of them maps it, and is the only one while it does.
 */
#ifndef DMABUFCTL_KERNEL_STORE_H
#define DMABUFCTL_KERNEL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/range.h"

#define STORE_EVENTS 65536 /* when it is full the older half goes */

/* The events name no domain: the same IOVA may be another device's. */
struct trace_event {
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	bool unmap;
	struct range iova;
};

struct store {
	uint64_t layout;  /* of this struct: another program's version is not read */
	uint64_t filling; /* a reader has taken events out of the ring and not stored them all */
	uint64_t since;	  /* as in struct trace_log */
	uint64_t count;
	uint64_t ordered; /* so many are in the order of their times; while it fills */
	struct trace_event events[];
};

/* A new one: an fd, or a negative errno. */
int store_create(void);

/*
 * NULL when the fd is no store of this layout, or memory is short. A store whose reader was killed
 * while it filled is empty, and complete from now on.
 */
struct store *store_map(int fd, uint64_t now);
void store_unmap(struct store *store);

/* Around the taking of events and their adding. They may be added in any order. */
void store_begin(struct store *store);
void store_add(struct store *store, const struct trace_event *event);
/* Drops what is older than since, because it has gaps; 0: nothing has. */
void store_end(struct store *store, uint64_t since);

#endif
