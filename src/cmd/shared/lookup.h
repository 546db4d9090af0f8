/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments turned into objects, and what messages call them. */
#ifndef DMABUFCTL_CMD_SHARED_LOOKUP_H
#define DMABUFCTL_CMD_SHARED_LOOKUP_H

#include "cmd/shared/command.h"
#include "rules/rules.h"

/* "dmabufctl", or "dmabufctl --context NAME", for remedies that can be pasted. */
const char *call_program(const struct call *call);

/* The context's name; NULL for a batch's own, which has none. */
const char *context_label(const struct call *call);

/* With what every command knows. */
struct rule_subject rule_subject_of(const struct call *call);

/* Words that can be no address, or no name of an object or context; what: what they were to name.
 */
enum status check_address(const char *what, const char *text, struct pci_name *name);
enum status check_name(const char *what, const char *text);

/* The PCI device that the text names. */
enum status lookup_device(const char *text, struct pci_device *pci);

/* The same, open in the context; opened if it is not. */
enum status lookup_open_device(struct call *call, const char *text, struct object **device);
/* What the call has made is released again should it fail. */
void report_made(struct call *call, struct object *object);

/* An object by its name; a device also by a short BDF. kind OBJECT_KINDS: any. */
enum status lookup_object(struct call *call, enum object_kind kind, const char *name,
			  struct object **object);

/*
 * All that the arguments name, with room for as many; objects NULL: out of memory. One that is
 * named twice is a usage error.
 */
enum status lookup_objects(struct call *call, enum object_kind kind, struct object **objects);

/* given, when it is well formed and free, or a made name when it is NULL. */
enum status lookup_name(struct call *call, enum object_kind kind, const char *given,
			char name[NAME_SIZE]);

/* The IOAS of that name, made when there is none; NULL: the only one there is. */
enum status lookup_ioas(struct call *call, const char *name, struct object **ioas);

#endif
