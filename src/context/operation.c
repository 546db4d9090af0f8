// SPDX-License-Identifier: GPL-2.0-only
#include "context/operation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dmabuf.h"
#include "kernel/iommufd.h"
#include "kernel/trace.h"
#include "kernel/vfio.h"
#include "util/text.h"

int context_open_device(struct context *context, const struct pci_device *pci,
			struct object **device)
{
	struct object *object = object_find(&context->objects, OBJECT_DEVICE, pci->name.bdf);
	int iommufd, fd, rc;
	uint32_t id;

	if (object) {
		*device = object;
		return 0;
	}
	iommufd = context_iommufd(context);
	if (iommufd < 0)
		return iommufd;
	fd = vfio_open(pci->cdev, iommufd, &id);
	if (fd < 0)
		return fd;
	object = object_new(OBJECT_DEVICE, pci->name.bdf, fd);
	if (!object) {
		sys_close(fd);
		return -ENOMEM;
	}
	object->device.id = id;
	object->device.made = trace_now();
	rc = context_add(context, object);
	if (!rc)
		*device = object;
	return rc;
}

/* Takes the fd on success. */
static struct object *new_dmabuf(const char *name, int fd, const struct range *ranges,
				 unsigned count)
{
	struct object *object = object_new(OBJECT_DMABUF, name, -1);

	if (!object)
		return NULL;
	object->dmabuf.ranges = malloc((count + 1) * sizeof(*ranges));
	if (!object->dmabuf.ranges || dmabuf_get_inode(fd, &object->dmabuf.inode)) {
		object_free(object);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++) {
		object->dmabuf.ranges[i] = ranges[i];
		object->dmabuf.size += ranges[i].length;
	}
	object->dmabuf.range_count = count;
	object->fd = fd;
	return object;
}

int context_export(struct context *context, struct object *device, unsigned bar,
		   const struct range *ranges, unsigned count, const char *name,
		   struct object **dmabuf)
{
	struct object *object;
	uint64_t made = trace_now();
	int fd, rc;

	fd = context_fd(context, device);
	if (fd >= 0)
		fd = vfio_export(fd, bar, ranges, count);
	if (fd < 0)
		return fd;
	object = new_dmabuf(name, fd, ranges, count);
	if (!object) {
		sys_close(fd);
		return -ENOMEM;
	}
	copy_text(object->dmabuf.device.bdf, sizeof(object->dmabuf.device.bdf), device->name);
	object->dmabuf.bar = bar;
	object->dmabuf.made = made;
	rc = context_add(context, object);
	if (!rc)
		*dmabuf = object;
	return rc;
}

/* What this context exported itself, and got back by a detour; NULL: it is not its own. */
static const struct object *find_own(const struct context *context, int fd)
{
	uint64_t inode;

	if (dmabuf_get_inode(fd, &inode))
		return NULL;
	for_each_object(own, &context->objects, OBJECT_DMABUF)
		if (own->dmabuf.inode == inode && !object_is_adopted(own))
			return own;
	return NULL;
}

int context_adopt(struct context *context, int fd, const char *name, struct object **dmabuf)
{
	const struct object *own = find_own(context, fd);
	struct object *object = NULL;
	uint64_t size;
	int rc = dmabuf_get_size(fd, &size);

	if (!rc)
		object = new_dmabuf(name, fd, own ? own->dmabuf.ranges : NULL,
				    own ? own->dmabuf.range_count : 0);
	if (!object) {
		sys_close(fd);
		return rc ? rc : -ENOMEM;
	}
	object->dmabuf.size = size;
	object->dmabuf.made = own ? own->dmabuf.made : trace_now();
	if (own) {
		object->dmabuf.device = own->dmabuf.device;
		object->dmabuf.bar = own->dmabuf.bar;
	}
	rc = context_add(context, object);
	if (!rc)
		*dmabuf = object;
	return rc;
}

int context_make_ioas(struct context *context, const char *name, struct object **ioas)
{
	struct object *object;
	int iommufd, rc;
	uint32_t id;

	iommufd = context_iommufd(context);
	if (iommufd < 0)
		return iommufd;
	rc = iommufd_alloc_ioas(iommufd, &id);
	if (rc)
		return rc;
	object = object_new(OBJECT_IOAS, name, -1);
	rc = -ENOMEM;
	if (object) {
		object->ioas.id = id;
		rc = context_add(context, object);
	}
	if (rc) {
		iommufd_destroy(iommufd, id);
		return rc;
	}
	*ioas = object;
	return 0;
}

int context_apply_attachment(struct context *context, struct object *device)
{
	const struct object *ioas =
		object_find(&context->objects, OBJECT_IOAS, device->device.ioas);
	int fd = context_fd(context, device);

	if (fd < 0)
		return fd;
	return ioas ? vfio_attach(fd, ioas->ioas.id) : vfio_detach(fd);
}

/* Either of attach and detach can be repeated, so the record may run ahead of the kernel. */
static int set_attachment(struct context *context, struct object *device, const char *ioas)
{
	char before[NAME_SIZE];
	int rc;

	memcpy(before, device->device.ioas, sizeof(before));
	copy_text(device->device.ioas, NAME_SIZE, ioas);
	rc = context_apply_attachment(context, device);
	if (!rc) {
		rc = context_update(context, device);
		if (!rc)
			return 0;
	}
	memcpy(device->device.ioas, before, sizeof(before));
	context_apply_attachment(context, device);
	return rc;
}

int context_attach(struct context *context, struct object *device, const struct object *ioas)
{
	context_record(context);
	return set_attachment(context, device, ioas->name);
}

int context_detach(struct context *context, struct object *device)
{
	return set_attachment(context, device, "");
}

int context_import(struct context *context, const struct import_request *request,
		   struct object *dmabuf, const struct object *ioas, const char *name,
		   struct object **mapping)
{
	uint64_t iova = request->iova, made = trace_now();
	struct object *object;
	struct range window;
	int iommufd, fd, rc;

	iommufd = context_iommufd(context);
	if (iommufd < 0)
		return iommufd;
	fd = context_fd(context, dmabuf);
	if (fd < 0)
		return fd;
	rc = iommufd_map_file(iommufd, ioas->ioas.id, fd, request->source, request->prot,
			      request->fixed, &iova);
	if (rc)
		return rc;
	window = (struct range){ .offset = iova, .length = request->source.length };
	object = object_new(OBJECT_MAPPING, name, -1);
	rc = -ENOMEM;
	if (object) {
		object->mapping.iova = window;
		object->mapping.offset = request->source.offset;
		object->mapping.prot = request->prot;
		object->mapping.made = made;
		strcpy(object->mapping.dmabuf, dmabuf->name);
		strcpy(object->mapping.ioas, ioas->name);
		rc = context_add(context, object);
	}
	if (rc) {
		iommufd_unmap(iommufd, ioas->ioas.id, window);
		return rc;
	}
	*mapping = object;
	return 0;
}

int context_unmap(struct context *context, struct object *mapping)
{
	const struct object *ioas =
		object_find(&context->objects, OBJECT_IOAS, mapping->mapping.ioas);
	struct range window = mapping->mapping.iova;
	int iommufd = context_iommufd(context);
	int rc;

	if (iommufd < 0)
		return iommufd;
	if (!ioas)
		return -EPROTO;
	rc = context_remove(context, mapping);
	return rc ? rc : iommufd_unmap(iommufd, ioas->ioas.id, window);
}

int context_recover(struct context *context, struct object **mapping)
{
	const struct object_mapping *old = &(*mapping)->mapping;
	struct object *dmabuf = object_find(&context->objects, OBJECT_DMABUF, old->dmabuf);
	const struct object *ioas = object_find(&context->objects, OBJECT_IOAS, old->ioas);
	const struct import_request request = {
		.source = { .offset = old->offset, .length = old->iova.length },
		.prot = old->prot,
		.fixed = true,
		.iova = old->iova.offset,
	};
	char name[NAME_SIZE];
	int rc;

	if (!dmabuf || !ioas)
		return -EPROTO;
	rc = context_probe(context, dmabuf);
	if (rc)
		return rc;
	memcpy(name, (*mapping)->name, sizeof(name));
	rc = context_unmap(context, *mapping);
	if (rc)
		return rc;
	*mapping = NULL;
	return context_import(context, &request, dmabuf, ioas, name, mapping);
}

static const struct object *mapping_of(const struct context *context, const struct object *object)
{
	if (!object->mapping_count)
		return NULL;
	for_each_object(mapping, &context->objects, OBJECT_MAPPING)
		if (!strcmp(object->kind == OBJECT_DMABUF ? mapping->mapping.dmabuf :
							    mapping->mapping.ioas,
			    object->name))
			return mapping;
	return NULL;
}

const struct object *context_user_of(const struct context *context, const struct object *object)
{
	const struct object *mapping = mapping_of(context, object);

	if (mapping)
		return mapping;
	for_each_object(device, &context->objects, OBJECT_DEVICE)
		if (object->kind == OBJECT_IOAS && !strcmp(device->device.ioas, object->name))
			return device;
	if (object->kind != OBJECT_DEVICE)
		return NULL;
	for_each_object(dmabuf, &context->objects, OBJECT_DMABUF)
		if (!strcmp(dmabuf->dmabuf.device.bdf, object->name) &&
		    !object_device_closed(&context->objects, dmabuf))
			return dmabuf;
	return NULL;
}

int context_release(struct context *context, struct object *object)
{
	int iommufd, rc;
	uint32_t id;

	if (context_user_of(context, object))
		return -EBUSY;
	if (object->kind == OBJECT_MAPPING)
		return context_unmap(context, object);
	if (object->kind != OBJECT_IOAS)
		return context_remove(context, object);
	iommufd = context_iommufd(context);
	if (iommufd < 0)
		return iommufd;
	id = object->ioas.id;
	rc = context_remove(context, object);
	return rc ? rc : iommufd_destroy(iommufd, id);
}

int context_release_all(struct context *context)
{
	static const enum object_kind order[] = { OBJECT_MAPPING, OBJECT_DMABUF, OBJECT_DEVICE,
						  OBJECT_IOAS };
	int rc = 0;

	for (unsigned i = 0; !rc && i < sizeof(order) / sizeof(*order); i++) {
		struct object *object;

		while (!rc && (object = object_next(&context->objects, order[i], NULL)))
			rc = context_release(context, object);
	}
	return rc;
}

int context_probe(struct context *context, struct object *dmabuf)
{
	int iommufd = context_iommufd(context);
	int fd = iommufd < 0 ? iommufd : context_fd(context, dmabuf);

	return fd < 0 ? fd : iommufd_try_import(iommufd, fd);
}
