/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where contexts have their files: /run/dmabufctl for root, else $XDG_RUNTIME_DIR/dmabufctl. For
 * each there is a socket, at which its holder listens, and a lock, for the command that works.
 */
#ifndef DMABUFCTL_CONTEXT_RUNTIME_H
#define DMABUFCTL_CONTEXT_RUNTIME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SOCKET_SUFFIX ".socket"
#define LOCK_SUFFIX ".lock"

/*
 * The directory. -ENOENT when nobody has made it; -ENOTDIR when it is not this user's alone, or
 * XDG_RUNTIME_DIR names none.
 */
int context_directory(char *path, size_t size);
int context_make_directory(void);

/* Its name alone; -ENOTDIR as above. */
int runtime_directory_name(char *path, size_t size);

/* A file of the context called name; errors as context_directory(). */
int runtime_path(char path[PATH_MAX], const char *name, const char *suffix);

/*
 * The context's lock: an fd, which gives it back when it is closed. -ETIMEDOUT when another
 * command had it for all that time, 0: does not wait; -EINTR as wait_for_lock().
 */
int runtime_lock(const char *name, int timeout_ms);

/* Who has the lock, 0 when nobody is seen to have it. */
pid_t runtime_lock_owner(const char *name);

/*
 * The holder's PID stands in the lock's file, for when nobody answers at the socket. 0: it is not
 * known.
 */
void runtime_note_holder(int lock, pid_t holder);
pid_t runtime_holder(const char *name);

/* Whether a file in the directory is a context's socket; name is that context's then. */
bool runtime_is_socket(const char *file, char *name, size_t size);

/* Removes the context's socket and lock. Under its lock. */
void runtime_clear(const char *name);

#endif
