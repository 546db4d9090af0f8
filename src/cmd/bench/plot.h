/* SPDX-License-Identifier: GPL-2.0-only */
/* A result of bench for gnuplot: its data and what draws them, in one file. */
#ifndef DMABUFCTL_CMD_BENCH_PLOT_H
#define DMABUFCTL_CMD_BENCH_PLOT_H

#include "ui/error.h"
#include "util/json.h"

/* A file that is to be written at the end; opened at the beginning, so that a wrong name is told
 * then. */
struct plot_file {
	const char *option, *path;
	int fd;	   /* -1: there is none */
	bool ours; /* it was not there before */
};

/* path NULL: there is none. Notes the failure. */
enum status plot_open(struct plot_file *file, const char *option, const char *path);
/* One that is empty and was not there before is gone again. */
void plot_close(struct plot_file *file);

/* Whether gnuplot can be run; notes the failure. */
enum status plot_find_gnuplot(const struct plot_file *file);

/* Nothing is done without a file. The failure is noted. */
enum status plot_write(struct plot_file *file, json_object *result);
enum status plot_draw(struct plot_file *file, json_object *result);

#endif
