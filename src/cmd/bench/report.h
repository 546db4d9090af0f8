/* SPDX-License-Identifier: GPL-2.0-only */
/* What the bench has measured, as a result. */
#ifndef DMABUFCTL_CMD_BENCH_REPORT_H
#define DMABUFCTL_CMD_BENCH_REPORT_H

#include "bench/bench.h"
#include "util/json.h"

/*
 * Measurements and what was skipped, one operation and importer after the other, how they grow, and
 * on what it was.
 */
void report(json_object *result, const struct bench_setup *setup, const struct bench_row *rows,
	    unsigned count);

#endif
