/* SPDX-License-Identifier: GPL-2.0-only */
/* How a command comes by a context, and gives it back. */
#ifndef DMABUFCTL_CONTEXT_OPEN_H
#define DMABUFCTL_CONTEXT_OPEN_H

#include "context/context.h"

/* How long to wait for another command that has a context; the default is WAIT_FOR_EVER. */
extern int context_lock_ms;

/*
 * Called, when not NULL, before waiting on for another command that has had the context for a
 * second already; owner: its PID, 0 when that cannot be seen.
 */
extern void (*context_on_wait)(const char *name, pid_t owner);

/*
 * Opens a context that exists (-ENOENT: there is none), or makes it. What a killed command left is
 * undone first (context/repair.h). Errors besides those of the system calls, where context->why may
 * say more:
 *   -ENOTDIR         no safe directory for the socket (context_directory())
 *   -EWOULDBLOCK     another command had it for context_lock_ms
 *   -EINTR           this process is to end
 *   -EOWNERDEAD      its holder was killed
 *   -ETIMEDOUT       its holder does not answer
 *   -ECONNRESET      its holder ended meanwhile
 *   -EPROTONOSUPPORT its holder is of another version
 *   -EBADMSG         its record has something that is not understood
 *   -EREMOTEIO       the holder cannot be run
 */
int context_open_existing(struct context *context, const char *name);
int context_open_or_start(struct context *context, const char *name);

/*
 * For those who only look: takes no lock, waits for no command and at most a second for the
 * holder, repairs nothing, starts nothing, makes no file. While a command works in the context
 * objects come and go. Errors as above.
 */
int context_look(struct context *context, const char *name);

/*
 * A context that ends with this process. Its recorder starts with the first attachment:
 * before that no IOMMU maps anything of its own.
 */
void context_open_private(struct context *context);

/* One without anything, in place of one that there is not. */
void context_open_nothing(struct context *context);

/* Gives the context back. One that was left empty ends, and its holder with it. */
void context_close(struct context *context);

/*
 * Ends a context, with all that it has and whatever its record says: lets the holder close
 * everything, kills one that does not answer, and clears what a killed one left. -ENOENT: there is
 * no such context. Other errors as context_open_existing(); why: CONTEXT_WHY_SIZE.
 */
int context_stop(const char *name, char *why);

#endif
