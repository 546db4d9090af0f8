/* SPDX-License-Identifier: GPL-2.0-only */
/* What bench is to measure: the rows that come of its options and of the BAR. */
#ifndef DMABUFCTL_CMD_BENCH_PLAN_H
#define DMABUFCTL_CMD_BENCH_PLAN_H

#include "bench/bench.h"
#include "ui/error.h"

struct plan_numbers {
	uint64_t *items; /* malloc'd */
	unsigned count;
};

struct plan {
	struct plan_numbers sizes, counts;
	struct bench_row *rows; /* malloc'd, and the samples of each */
	unsigned count;
};

/* Takes the lists of --size and --count, or NULL. The failure is noted. */
enum status plan_parse(struct plan *plan, const char *sizes, const char *counts);
/* Makes the rows; only: a list of operations, or NULL: all. The failure is noted. */
enum status plan_make(struct plan *plan, const struct bench_setup *setup, const char *only);
/* Well for one that is all zero. */
void plan_free(struct plan *plan);

#endif
