/* SPDX-License-Identifier: GPL-2.0-only */
/* What several commands need: arguments turned into objects, and failures explained once. */
#ifndef DMABUFCTL_CMD_SHARED_COMMON_H
#define DMABUFCTL_CMD_SHARED_COMMON_H

#include "cmd/shared/command.h"
#include "context/operation.h"
#include "context/state.h"
#include "util/range.h"

/* "dmabufctl", or "dmabufctl --context NAME", for remedies that can be pasted. */
const char *self(const struct call *call);

/* The context's name; NULL for a batch's own, which has none. */
const char *context_label(const struct call *call);

/* The PCI device that the text names. */
enum status want_device(const char *text, struct pci_device *pci);

/* The same, open in the context; opened if it is not. */
enum status want_open_device(struct call *call, const char *text, struct object **device);
/* What the call has made is released again should it fail. */
void note_made(struct call *call, struct object *object);

/* An object by its name; a device also by a short BDF. kind OBJECT_KINDS: any. */
enum status want_object(struct call *call, enum object_kind kind, const char *name,
			struct object **object);

/*
 * All that the arguments name, with room for as many; objects NULL: out of memory. One that is
 * named twice is a usage error.
 */
enum status want_objects(struct call *call, enum object_kind kind, struct object **objects);

/* given, when it is well formed and free, or a made name when it is NULL. */
enum status want_name(struct call *call, enum object_kind kind, const char *given,
		      char name[NAME_SIZE]);

/* The IOAS of that name, made when there is none; NULL: the only one there is. */
enum status want_ioas(struct call *call, const char *name, struct object **ioas);

/*
 * Why the dma-buf is revoked, for a failure that is already noted; then: what to do when it is so
 * no more, as "import again".
 */
void explain_revoked(struct call *call, const struct object *dmabuf, const char *then);

/*
 * Notes that the window overlaps one that the device cannot have mapped, such as the MSI window;
 * what: what lies there. False when that is not so.
 */
bool explain_reserved(const struct object *device, struct range window, const char *what);

/* Who holds the device open, as "qemu (PID 12), context fb (PID 13)"; "": nobody is seen. */
void describe_users(const struct pci_device *pci, char *text, size_t size);
/* What makes them let go of it, for people to do. */
void describe_release(const struct pci_device *pci, char *text, size_t size);

/* Rows of results, with name and facts; a survey adds state and evidence. */
void fill_dmabuf(json_object *row, struct object *dmabuf, struct survey *survey);
void fill_mapping(json_object *row, const struct object *mapping, struct survey *survey);
void fill_object(json_object *row, const struct object *object);

/* Rows "idle": the mappings of an IOAS that has lost its last device, "": none. */
void fill_idle(struct call *call, const char *ioas);
extern const struct section idle_sections[];

/* Columns for the rows above. */
extern const struct column dmabuf_columns[], mapping_columns[];

/* The names of evidence bits, strongest first. */
void put_evidence(json_object *row, const char *key, unsigned bits);

#endif
