/* SPDX-License-Identifier: GPL-2.0-only */
/* The child's side of a run: a process that tries cases, and sends what came of them. */
#ifndef DMABUFCTL_CONFORM_PROCESS_H
#define DMABUFCTL_CONFORM_PROCESS_H

#include "conform/trial.h"

/* A case begins, or has ended. Less than PIPE_BUF, so that none is torn. */
struct process_message {
	unsigned index; /* of the plan */
	bool begins;
	enum conform_outcome outcome;
	uint64_t took_ns;
	char seen[CONFORM_SEEN];
};

/* For trial_begin(). */
struct process_link {
	int fd;
	unsigned index;
	uint64_t began;
};

/* index: of the case in the plan. */
void process_try(struct trial *trial, const struct conform_case *conform_case, unsigned index);

/* Opens what cases otherwise open themselves, for all processes that are forked from then on. */
void process_open(struct trial *trial);

#endif
