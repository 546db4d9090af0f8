/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a command and a context's holder say to each other: one request and one reply, each a
 * message on a Unix seqpacket socket, an object's fd along with it. An fd that comes with a
 * message which has no use for one is closed.
 */
#ifndef DMABUFCTL_CONTEXT_PROTO_H
#define DMABUFCTL_CONTEXT_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever anything here changes. HELLO and STOP stay as they are for ever. */
#define PROTO_VERSION 5

#define PROTO_NAME_SIZE 64
#define PROTO_ATTRIBUTES_MAX (96 * 1024) /* an object's JSON text with its NUL */

enum proto_op {
	/*
	 * -> OK: kind is the holder's PID, status its PROTO_VERSION, with PROTO_INTERRUPTED. The
	 * request's kind is the client's version, its status an enum proto_visit. A client of
	 * another version can do nothing after this but STOP.
	 */
	PROTO_HELLO,
	PROTO_LIST, /* kind, name: of the last object seen, name "" at first -> OBJECTS */
	PROTO_GET,  /* kind, name -> OBJECT with its fd, or OK with status ENOENT */
	PROTO_PUT,  /* kind, name, attributes, perhaps an fd: adds, or replaces the attributes -> OK
		     */
	PROTO_DELETE, /* kind, name -> OK */
	PROTO_BYE,    /* the step is complete -> OK */
	PROTO_STOP,   /* closes everything and ends; the socket closes when that is done */
	/* Replies. */
	PROTO_OBJECT,
	PROTO_OK,      /* status: 0, or as said above, or an errno */
	PROTO_OBJECTS, /* attributes: struct proto_entry, one after the other, oldest first; status
			  1: more */
	/* Requests with attributes as those of OBJECTS, done in their order up to the first
	   failure. */
	PROTO_PUT_ALL,	  /* each as by PUT, without an fd -> OK */
	PROTO_DELETE_ALL, /* each as by DELETE; their own attributes mean nothing -> OK */
	PROTO_OPS,
};

enum proto_visit {
	/*
	 * Works. One that goes away without BYE was killed in the middle of a step: those who come
	 * next are told so, until one has repaired the context and says BYE.
	 */
	PROTO_WORKS,
	PROTO_LOOKS, /* changes nothing, and may go at any time */
};

#define PROTO_INTERRUPTED (1u << 31)

struct proto_message {
	uint32_t op;
	uint32_t kind;
	uint32_t status;
	uint32_t attributes_size; /* with the NUL; 0: none */
	char name[PROTO_NAME_SIZE];
	char attributes[];
};

/* An object in a list; the next one follows at a multiple of 4 bytes. */
struct proto_entry {
	uint32_t kind;
	uint32_t attributes_size; /* with the NUL */
	char name[PROTO_NAME_SIZE];
	char attributes[];
};

/* So that a list can hold any object. */
#define PROTO_ROOM (PROTO_ATTRIBUTES_MAX + sizeof(struct proto_entry))

/* A message buffer that holds any message; the caller frees it. */
struct proto_message *proto_new(void);

/* fd -1: none. 0 or a negative errno; does not wait (-EAGAIN). */
int proto_send(int socket, const struct proto_message *message, int fd);

/*
 * 0, -EAGAIN when there is no message, -ECONNRESET when the other side is gone, -EPROTO for a
 * malformed message, -EMFILE for want of room for its fd. *fd is the caller's, -1 when none came.
 */
int proto_receive(int socket, struct proto_message *message, int *fd);

/* Appends to the attributes of a message of many objects; false: there is no room left. */
bool proto_append(struct proto_message *message, uint32_t kind, const char *name,
		  const char *attributes);

/* The entry at *at, which moves to the next one; NULL at the end, or at what is malformed. */
const struct proto_entry *proto_next(const struct proto_message *message, size_t *at);

#endif
