/* SPDX-License-Identifier: GPL-2.0-only */
/* A command's side of the talk with a context's holder. No wait here is without a limit. */
#ifndef DMABUFCTL_CONTEXT_CLIENT_H
#define DMABUFCTL_CONTEXT_CLIENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "context/proto.h"

/* How long a holder may take: closing a device may mean a reset, and a minute for it. */
#define CLIENT_WORK_MS 90000
/* For those who only look. */
#define CLIENT_LOOK_MS 1000

struct client {
	int socket;   /* -1: not connected, or given up */
	pid_t holder; /* 0: not known */
	int patience_ms;
	bool silent;		       /* it did not answer in time */
	struct proto_message *message; /* the request, then its reply */
};

/* Called, when not NULL, when a holder has not answered for a second, before waiting on. */
extern void (*client_on_wait)(pid_t holder);

/*
 * -ENOENT: there is no such context. -EOWNERDEAD: there was, its holder was killed. -ETIMEDOUT:
 * it takes no more clients. Ended by client_end(), also on failure.
 */
int client_connect(struct client *client, const char *name, int patience_ms);
void client_end(struct client *client);

/*
 * Starts the holder of a context that has none, and waits until it listens. program: room for
 * PATH_MAX, what was run. The errno of running it, or -ECHILD when it ended at once.
 */
int client_start(const char *name, char *program, pid_t *holder);

/*
 * One request, one reply. 0, the errno in its status, or -ETIMEDOUT (also when the holder is
 * stopped), -EINTR (wait_is_over()), -ECONNRESET, -EPROTO; after these the connection is over.
 */
int client_request_fd(struct client *client, enum proto_op op, int send_fd, int *receive_fd);
/* The same without attributes and fds. */
int client_request(struct client *client, enum proto_op op);

/* Says hello; -EPROTONOSUPPORT: it is of *version, not ours. */
int client_greet(struct client *client, enum proto_visit visit, unsigned *version,
		 bool *interrupted);

/*
 * Lets the holder close everything and end; one that does not answer is killed, and the kernel
 * closes everything. 0, or -ETIMEDOUT when it hangs in the kernel, -EINTR.
 */
int client_stop(struct client *client);

/* Whether somebody has stopped the process (SIGSTOP). */
bool client_is_stopped(pid_t pid);

#endif
