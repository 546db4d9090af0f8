/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A context: one iommufd context with all that was made through it. Between commands its
 * fds live in a holder; while a command works it has the context for itself (a lock).
 *
 * What makes a command safe to kill: something is made in the kernel first and recorded
 * second, and unrecorded first and undone second. So whatever the kernel has and the record
 * has not is half a step, and the next command undoes it (context_open_*).
 */
#ifndef DMABUFCTL_CONTEXT_CONTEXT_H
#define DMABUFCTL_CONTEXT_CONTEXT_H

#include "context/object.h"
#include "context/proto.h"
#include "kernel/trace.h"

struct context {
	char name[NAME_SIZE];
	struct object_list objects;
	struct object *iommufd; /* opened on first use */
	bool private;		/* in this process alone, no holder */
	bool started;		/* by this command */
	bool emptied;		/* this command took objects away */
	bool keep;		/* stays although it is empty */
	pid_t holder;
	int lock;
	int hold; /* keeps a private recorder from being swept by others */
	int socket;
	struct proto_message *message;
};

struct context_summary {
	char name[NAME_SIZE];
	pid_t holder;
	bool busy; /* a command has it; objects is not known */
	unsigned objects;
};

/* Called, when not NULL, before waiting for another command that has the context. */
extern void (*context_on_wait)(const char *name);

/*
 * Opens a context that exists (-ENOENT: no holder runs), or makes it. Errors besides those of
 * the system calls: -ENOTDIR when there is no safe folder for the socket (context_folder()),
 * -EREMOTEIO when the holder cannot be run or does not answer.
 */
int context_open_existing(struct context *context, const char *name);
int context_open_or_start(struct context *context, const char *name);

/* As context_open_existing(), but does not wait: -EWOULDBLOCK when a command has it. */
int context_open_idle(struct context *context, const char *name);

/*
 * A context that ends with this process. Its recorder starts with the first attachment:
 * before that no IOMMU maps anything of its own.
 */
void context_open_private(struct context *context);

/* Gives the context back. One that was left empty ends, and its holder with it. */
void context_close(struct context *context);

/* Ends the holder of an open context, which closes all that it holds. */
void context_stop(struct context *context);

/* Clears what a killed holder left behind under this name. */
void context_sweep(const char *name);

/* One entry for each running holder; malloc'd. */
int context_list(struct context_summary **list, unsigned *count);

/*
 * Where the sockets are: /run/dmabufctl for root, else $XDG_RUNTIME_DIR/dmabufctl. -ENOENT when
 * nobody has made it, -ENOTDIR when it is not this user's alone.
 */
int context_folder(char *path, size_t size);
int context_make_folder(void);

/* The context's iommufd fd, opened on first use; errors as open(/dev/iommu). */
int context_iommufd(struct context *context);

/* The object's fd, fetched from the holder when needed; it stays the object's. */
int context_fd(struct context *context, struct object *object);

/* Records an object, which is the context's from then on, also on failure. */
int context_add(struct context *context, struct object *object);
int context_update(struct context *context, const struct object *object);
/* Unrecords and frees it; its fd is closed here and in the holder. */
int context_remove(struct context *context, struct object *object);

/* Starts the flight recorder of a context that has none yet; nothing depends on success. */
void context_record(struct context *context);

/* Whether the context has anything that a user made. */
bool context_is_empty(const struct context *context);

/* The flight recorder's tracefs instance, NULL when there is none. */
const char *context_trace(const struct context *context);

/* All that it recorded; ended by trace_log_free(), also on failure. */
int context_read_trace(struct context *context, struct trace_log *log);

#endif
