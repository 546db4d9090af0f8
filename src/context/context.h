/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A context: one iommufd context with all that was made through it. Between commands its
 * fds live in a holder; while a command works it has the context for itself (a lock).
 *
 * What makes a command safe to kill: something is made in the kernel first and recorded
 * second, and unrecorded first and undone second. So whatever the kernel has and the record
 * has not is half a step, and the next command undoes it (context_open_*). A recovery, which takes
 * away what is to come back, is recorded before it begins, and completed by the next command.
 */
#ifndef DMABUFCTL_CONTEXT_CONTEXT_H
#define DMABUFCTL_CONTEXT_CONTEXT_H

#include "context/client.h"
#include "context/object.h"
#include "context/runtime.h"
#include "kernel/trace.h"

#define CONTEXT_WHY_SIZE 512

struct context {
	char name[NAME_SIZE];
	struct object_list objects;
	struct object *iommufd; /* opened on first use */
	bool private;		/* in this process alone, no holder */
	bool looking;		/* context_look(): without the lock, for reading only */
	bool started;		/* by this command */
	bool emptied;		/* this command took objects away */
	bool keep;		/* stays although it is empty */
	int lock;		/* -1: none */
	int hold;		/* keeps a private recorder from being swept by others */
	struct client client;
	char why[CONTEXT_WHY_SIZE]; /* more on the error that opening gave, "" when there is none */
};

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

/* How long to wait for another command that has a context; the default is WAIT_FOR_EVER. */
extern int context_lock_ms;

/*
 * Called, when not NULL, before waiting on for another command that has had the context for a
 * second already; owner: its PID, 0 when that cannot be seen.
 */
extern void (*context_on_wait)(const char *name, pid_t owner);

/*
 * Called, when not NULL, with what a killed command had left on a device when that has been put
 * right (error 0), or could not be (then it is not tried again).
 */
extern void (*context_on_undo)(const char *device, const char *trigger, int error);

/*
 * Opens a context that exists (-ENOENT: there is none), or makes it. Errors besides those of
 * the system calls, where context->why may say more:
 *   -ENOTDIR         no safe directory for the socket (context_folder())
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

/* One entry for each context, in the order of their names; malloc'd. Does not wait, as
 * context_look(). */
int context_list(struct context_summary **list, unsigned *count);

const char *context_state_name(enum context_state state);

/* The context's iommufd fd, opened on first use; errors as open(/dev/iommu). */
int context_iommufd(struct context *context);

/* The object's fd, fetched from the holder when needed; it stays the object's. */
int context_fd(struct context *context, struct object *object);

/* Records an object, which is the context's from then on, also on failure. */
int context_add(struct context *context, struct object *object);
int context_update(struct context *context, const struct object *object);
/* Unrecords and frees it; its fd is closed here and in the holder. */
int context_remove(struct context *context, struct object *object);

/* The same for many with few messages; after a failure some of them may be done in the record. */
int context_update_all(struct context *context, struct object *const *objects, unsigned count);
int context_remove_all(struct context *context, struct object *const *objects, unsigned count);

/* Starts the flight recorder of a context that has none yet; nothing depends on success. */
void context_record(struct context *context);

/* Whether the context has nothing that a user made, or that is to be undone. */
bool context_is_empty(const struct context *context);

/* The flight recorder's tracefs instance, NULL when there is none. */
const char *context_trace(const struct context *context);

/* All that it recorded; ended by trace_log_free(), also on failure. */
int context_read_trace(struct context *context, struct trace_log *log);

#endif
