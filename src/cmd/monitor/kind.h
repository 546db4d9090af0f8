/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of events that monitor prints, and sets of them: a bit for each. */
#ifndef DMABUFCTL_CMD_MONITOR_KIND_H
#define DMABUFCTL_CMD_MONITOR_KIND_H

#include <stdbool.h>

enum event_kind {
	/* As enum record_kind has them. */
	KIND_MAP,
	KIND_UNMAP,
	KIND_DOMAIN,
	KIND_EXPORT,
	KIND_ATTACH,
	KIND_DETACH,
	KIND_PUT,
	KIND_REVOKED,
	KIND_RESTORED,
	KIND_FAULT,
	/* As the kernel calls them, in lower case. */
	KIND_BIND,
	KIND_UNBIND,
	KIND_ADD,
	KIND_REMOVE,
	KIND_CHANGE,
	KIND_CONTEXT_START,
	KIND_CONTEXT_STOP,
	KIND_LOST,
	KINDS,
};

#define KIND_BIT(kind) (1u << (kind))
#define KINDS_ALL (KIND_BIT(KINDS) - 1)

/* NULL from KINDS on. */
const char *kind_name(unsigned kind);

/* What a device's uevent is; KINDS for an action that monitor does not print. */
enum event_kind kind_of_action(const char *action);

/* "map,unmap", in either case; NULL is the empty set. */
unsigned kinds_parse(const char *text);

/* "put, revoked" */
#define KINDS_TEXT 256
void kinds_describe(char text[KINDS_TEXT], unsigned kinds);

/* What is open to look with. */
struct sight {
	const bool *records; /* by enum record_kind: this kernel shows it */
	bool uevents, faults, contexts;
};

/* The kinds that never show, and what it takes to see some of them. */
unsigned kinds_unseen(const struct sight *sight);
const char *kinds_why_unseen(unsigned kinds);

#endif
