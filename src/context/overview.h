/* SPDX-License-Identifier: GPL-2.0-only */
/* All contexts of this user, and the state that each is in. */
#ifndef DMABUFCTL_CONTEXT_OVERVIEW_H
#define DMABUFCTL_CONTEXT_OVERVIEW_H

#include "context/context.h"

enum context_state {
	CONTEXT_READY,
	CONTEXT_BUSY,	 /* a command has it */
	CONTEXT_SILENT,	 /* its holder does not answer */
	CONTEXT_DAMAGED, /* its record has something that is not understood, or another version's */
	CONTEXT_DEAD,	 /* its holder was killed; what it left waits to be cleared */
};

struct context_summary {
	char name[NAME_SIZE];
	enum context_state state;
	pid_t holder;		    /* 0 when it is not known */
	unsigned objects;	    /* known in the states ready and busy */
	char why[CONTEXT_WHY_SIZE]; /* it is silent or damaged */
};

/* One entry for each context, in the order of their names; malloc'd. Does not wait, as
 * context_look(). */
int context_list(struct context_summary **list, unsigned *count);

const char *context_state_name(enum context_state state);

#endif
