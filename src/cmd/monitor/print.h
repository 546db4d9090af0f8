/* SPDX-License-Identifier: GPL-2.0-only */
/* How each kind of event is printed, when it is asked for. */
#ifndef DMABUFCTL_CMD_MONITOR_PRINT_H
#define DMABUFCTL_CMD_MONITOR_PRINT_H

#include "cmd/monitor/filter.h"
#include "context/inference.h"
#include "kernel/bars.h"
#include "kernel/fault.h"
#include "kernel/uevent.h"
#include "ui/event.h"

struct printer {
	const struct filter *filter;
	const struct naming *naming; /* what things are called now */
	bool told;		     /* the kernel tells of revocations itself */
	bool met;		     /* an event that is waited for has come */
	uint64_t events, lost;	     /* how many were printed; what is known to be missing */
	uint64_t hidden;	     /* what was only tried, and not printed; counted by others */
	struct event event;
};

/* All times are CLOCK_MONOTONIC's, in ns. */
void print_begin(struct printer *printer, uint64_t time);
void print_end(struct printer *printer, uint64_t time);
/* place: where the memory that it is about begins; NULL: in no BAR, as far as is known. */
void print_record(struct printer *printer, const struct record *record,
		  const struct inferred *inferred, const struct bar_place *place);
void print_lost(struct printer *printer, uint64_t time, uint64_t count, const char *of);
/* A device of PCI; others are left out. */
void print_uevent(struct printer *printer, uint64_t time, const struct uevent *event);
void print_fault(struct printer *printer, uint64_t time, const struct fault *fault);
void print_context(struct printer *printer, uint64_t time, const char *name, bool started);

#endif
