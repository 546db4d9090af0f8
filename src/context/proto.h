/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a command and a context's holder say to each other: one request or reply a message
 * on a Unix seqpacket socket, an object's fd along with it (SCM_RIGHTS).
 */
#ifndef DMABUFCTL_CONTEXT_PROTO_H
#define DMABUFCTL_CONTEXT_PROTO_H

#include <stdint.h>

#define PROTO_NAME_SIZE 64
#define PROTO_FACTS_MAX (96 * 1024) /* the JSON text with its NUL */

enum proto_op {
	/*
	 * Requests. A client that goes away without BYE was killed in the middle of a step:
	 * the next one is told so and repairs the context.
	 */
	PROTO_HELLO, /* -> OK: kind is the holder's PID, status 1 when the last client was killed */
	PROTO_LIST,  /* -> OBJECT..., OK; without fds */
	PROTO_GET,   /* kind, name -> OBJECT with its fd, or OK with status ENOENT */
	PROTO_PUT,   /* kind, name, facts, perhaps an fd: adds, or replaces the facts -> OK */
	PROTO_DELETE, /* kind, name -> OK */
	PROTO_BYE,    /* the step is complete -> OK */
	PROTO_STOP,   /* closes everything and ends; the socket closes when that is done */
	/* Replies. */
	PROTO_OBJECT,
	PROTO_OK, /* status: 0, or as said above, or an errno */
};

struct proto_message {
	uint32_t op;
	uint32_t kind;
	uint32_t status;
	uint32_t facts_size; /* with the NUL; 0: none */
	char name[PROTO_NAME_SIZE];
	char facts[];
};

/* A message buffer that holds any message; the caller frees it. */
struct proto_message *proto_new(void);

/* fd -1: none. 0 or a negative errno. */
int proto_send(int socket, const struct proto_message *message, int fd);

/*
 * 0, -ECONNRESET when the other side is gone, -EPROTO for a malformed message. *fd is the
 * caller's, -1 when none came.
 */
int proto_receive(int socket, struct proto_message *message, int *fd);

#endif
