/* SPDX-License-Identifier: GPL-2.0-only */
/* Two results of bench side by side. */
#ifndef DMABUFCTL_CMD_BENCH_COMPARE_H
#define DMABUFCTL_CMD_BENCH_COMPARE_H

#include "ui/error.h"
#include "util/json.h"

/* What an earlier bench printed with --json, a new reference; the failure is noted. */
enum status compare_load(const char *path, json_object **before);

/*
 * Puts into the result what it has in common with the earlier one. percent: a median that is longer
 * than so much of the earlier one is a failure, which is noted, as is one that could not be
 * measured any more; 0: none is. STATUS_FAILED when they have nothing in common.
 */
enum status compare(json_object *result, json_object *before, unsigned percent);

#endif
