/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening contexts for commands: what may be missing is said, and for whom one waits. */
#ifndef DMABUFCTL_CMD_SHARED_OPENING_H
#define DMABUFCTL_CMD_SHARED_OPENING_H

#include "cmd/shared/command.h"

/*
 * Opens a context, as the need says; the failure is noted. name NULL: the default one, which is
 * simply empty when nobody has made it, while a name that somebody gave may be mistyped.
 */
enum status open_context(struct context *context, const char *name, enum context_need need);

/* Notes why a context could not be opened or stopped; why: as in struct context. */
enum status cannot_open_context(const char *name, int error, const char *why);

/* Notes that there is no safe directory (context_directory()) for what is wanted: "its socket". */
void explain_no_directory(const char *wanted);

/* How long to wait, as --wait and --no-wait say. */
enum status take_patience(const struct globals *globals);

/* From now on standard error says for whom one waits, and what was put right after a death. */
void report_waits(void);

#endif
