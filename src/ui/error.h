/* SPDX-License-Identifier: GPL-2.0-only */
/* What a failing command says: what failed on what, why, and what to do about it. */
#ifndef DMABUFCTL_UI_ERROR_H
#define DMABUFCTL_UI_ERROR_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

/* The exit status of every command, as the manual lists it. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_UNSUPPORTED = 3, /* by this kernel or device */
	STATUS_PERMISSION = 4,
	STATUS_REVOKED = 5,    /* a revoked dma-buf or stale mapping stood in the way */
	STATUS_UNOBSERVED = 6, /* what was expected was not observed */
	/* exec alone, as shells, env(1) and others have it: */
	STATUS_NOT_RUN = 126,
	STATUS_NO_PROGRAM = 127,
};

/*
 * Notes the failure and returns the status to leave with. error is an errno, its sign does
 * not matter, 0 when there is none. The format names the operation and its object.
 */
enum status fail_with(enum status status, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The status that an errno itself suggests: 4, 3 or 1. */
enum status status_of_errno(int error);

/* fail_with() with that status. */
enum status fail_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds to the failure noted last; a later call replaces an earlier one's text. */
void fail_because(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Refines the status of the failure noted last, and returns it. */
enum status fail_status(enum status status);

/* Takes back what was noted. */
void fail_forget(void);

bool fail_is_noted(void);

/* Why the failure noted last happened, "" when nobody said. */
const char *fail_reason(void);

/* The errno of the failure noted last, 0 when it has none. */
int fail_error(void);

/*
 * Shows the failure noted last, if any, and forgets it. position: "FILE:LINE" or NULL. Any of its
 * texts may have been made of any bytes.
 */
void fail_print(FILE *stream, const char *position);

/* The same as the value of "error" in a JSON result; NULL when there is none. */
json_object *fail_to_json(const char *position);

#endif
