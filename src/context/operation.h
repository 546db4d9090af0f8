/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps that commands are made of: each changes the kernel and the record together, or
 * neither. They return 0 or a negative errno, that of the kernel's call where it refused.
 */
#ifndef DMABUFCTL_CONTEXT_OPERATION_H
#define DMABUFCTL_CONTEXT_OPERATION_H

#include "context/context.h"
#include "util/range.h"

/* The open device of the context, opened when it was not; errors as vfio_open(). */
int context_open_device(struct context *context, const struct pci_device *pci,
			struct object **device);

/* A dma-buf of BAR ranges; errors as vfio_export(). name: a free name. */
int context_export(struct context *context, struct object *device, unsigned bar,
		   const struct range *ranges, unsigned count, const char *name,
		   struct object **dmabuf);

/* A dma-buf of memory, by udmabuf or of that heap; errors as dmabuf_make_*(). name: a free name. */
int context_make_memory(struct context *context, const char *heap, uint64_t size, const char *name,
			struct object **dmabuf);

/*
 * Takes a dma-buf's fd, which belongs to the context from then on, also on failure. name: a free
 * name. One that the context exported itself is known for that. -EINVAL: it is no dma-buf.
 */
int context_adopt(struct context *context, int fd, const char *name, struct object **dmabuf);

/* name: a free name. */
int context_make_ioas(struct context *context, const char *name, struct object **ioas);

/* Takes the place of the present attachment if there is one. */
int context_attach(struct context *context, struct object *device, const struct object *ioas);
int context_detach(struct context *context, struct object *device);

/* Makes the kernel's attachment what the record says. */
int context_apply_attachment(struct context *context, struct object *device);

/* Errors as importer->map(). target: a name of the importer's. name: a free name. */
int context_import(struct context *context, const struct importer *importer, const char *target,
		   const struct import_request *request, struct object *dmabuf, const char *name,
		   struct object **mapping);

/* By which the same mapping is made again. */
struct import_request context_request_of(const struct object *mapping);

/* What the mapping's importer works with. */
int context_get_target(struct context *context, struct object *mapping,
		       struct import_target *target);

/* The record loses all of them before the kernel loses the first. */
int context_unmap_all(struct context *context, struct object *const *mappings, unsigned count);

/*
 * Unmaps and imports again, each at the same IOVA, up to the first that fails; *done: so many
 * came back. One whose dma-buf cannot be imported now stays as it is, and the errno says why; one
 * that fails behind that is gone, from the record too. What is recorded as being recovered when
 * the command is killed is mapped again by the next one.
 */
int context_recover(struct context *context, struct object *const *mappings, unsigned count,
		    unsigned *done);

/*
 * Completes a recovery that was begun, in the kernel and in the object; recording that is left to
 * the caller. The mapping is gone when it fails.
 */
int context_map_again(struct context *context, struct object *mapping);

/* Undoes any object; -EBUSY while another one needs it. */
int context_release(struct context *context, struct object *object);

/* As many as can be undone together from the first one on; *done: how many that are. */
int context_release_some(struct context *context, struct object *const *objects, unsigned count,
			 unsigned *done);

/* Users before what they use; OBJECT_KINDS at the end. */
extern const enum object_kind release_order[];

/* Everything, in that order; stops at the first failure. */
int context_release_all(struct context *context);

/* An object that needs this one, NULL when there is none. */
const struct object *context_user_of(const struct context *context, const struct object *object);

/* What the default importer would say of the dma-buf now, in this trial, which is ended at last. */
int context_probe(struct context *context, struct import_trial *trial, struct object *dmabuf);
void context_end_trial(struct import_trial *trial);

#endif
