/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A context: one iommufd context with all that was made through it. Here are its objects and their
 * fds, and how they are put on record. Between commands the fds live in a holder; while a command
 * works it has the context for itself (a lock).
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

/* Whether the context has nothing that a user made, or that is to be undone. */
bool context_is_empty(const struct context *context);

/* Forgets the objects; the fds that are open here are closed, what was made last first. */
void context_clear(struct context *context);

/* Adds a sentence to context->why. */
void __attribute__((format(printf, 2, 3)))
context_say_why(struct context *context, const char *format, ...);

#endif
