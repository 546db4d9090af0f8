/* SPDX-License-Identifier: GPL-2.0-only */
/* What monitor watches, and the loop that reads it and has it printed. */
#ifndef DMABUFCTL_CMD_MONITOR_WATCH_H
#define DMABUFCTL_CMD_MONITOR_WATCH_H

#include "cmd/monitor/print.h"
#include "context/exported.h"
#include "context/placement.h"
#include "context/watch.h"
#include "kernel/stream.h"

struct watch {
	bool all;		   /* also print imports that were only tried */
	uint64_t now, end, asking; /* as in struct moment */
	bool stale;		   /* there may be other names by now */
	struct stream stream;
	struct nl_sock *uevents;
	int faults, signals; /* fds, negative when there are none */
	int priority;	     /* that it was started with, as nice(1) has it */
	bool hurries;	     /* it runs at that; else after what is watched */
	struct context_watch contexts;
	struct inference inference;
	struct naming naming;
	struct placements placements;
	struct exported exported;
	struct bars bars;
	bool has_bars; /* they were read, and have not moved since */
	struct printer *printer;
};

/*
 * Opens what can be opened. A signal that ends is held back from then on, so that the end is always
 * printed and nothing is left in the kernel. Errors as stream_open().
 */
int watch_open(struct watch *watch);
void watch_close(struct watch *watch);

/* Valid until it is closed. */
struct sight watch_sight(const struct watch *watch);

/*
 * Prints what happens from begin to end: until a signal, an event that is waited for, or so long
 * after its start (ns; UINT64_MAX: for ever). -EPIPE when nobody reads what is printed.
 */
int watch_run(struct watch *watch, uint64_t duration);

#endif
