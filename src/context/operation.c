// SPDX-License-Identifier: GPL-2.0-only
#include "context/operation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context/recorder.h"
#include "kernel/dmabuf.h"
#include "kernel/inventory/inventory.h"
#include "kernel/iommufd.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "util/clock.h"
#include "util/scope.h"
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
	object->id = id;
	object->made = clock_now();
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
	object->ranges = malloc((count + 1) * sizeof(*ranges));
	if (!object->ranges || dmabuf_get_inode(fd, &object->inode)) {
		object_free(object);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++) {
		object->ranges[i] = ranges[i];
		object->size += ranges[i].length;
	}
	object->range_count = count;
	object->fd = fd;
	return object;
}

int context_export(struct context *context, struct object *device, unsigned bar,
		   const struct range *ranges, unsigned count, const char *name,
		   struct object **dmabuf)
{
	struct object *object;
	uint64_t made = clock_now();
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
	copy_text(object->device.bdf, sizeof(object->device.bdf), device->name);
	object->bar = bar;
	object->made = made;
	rc = context_add(context, object);
	if (!rc)
		*dmabuf = object;
	return rc;
}

int context_make_memory(struct context *context, const char *heap, uint64_t size, const char *name,
			struct object **dmabuf)
{
	uint64_t made = clock_now();
	int fd = heap ? dmabuf_make_in_heap(heap, size) : dmabuf_make_udmabuf(size);
	struct object *object;
	int rc;

	if (fd < 0)
		return fd;
	object = new_dmabuf(name, fd, NULL, 0);
	if (!object) {
		sys_close(fd);
		return -ENOMEM;
	}
	snprintf(object->memory, sizeof(object->memory), heap ? "heap:%s" : "udmabuf", heap);
	object->size = size;
	object->made = made;
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
		if (own->inode == inode && !own->adopted)
			return own;
	return NULL;
}

/* By VFIO's record of what is open in this process; NULL: it cannot be had, or tells no BAR. */
static const struct inventory_export *find_export(const struct inventory *inventory, int fd)
{
	const struct inventory_dmabuf *known;
	uint64_t inode;

	if (dmabuf_get_inode(fd, &inode))
		return NULL;
	known = inventory_get(inventory, inode);
	return known && known->export && known->export->region >= 0 ? known->export : NULL;
}

static int make_adopted(const char *name, int fd, struct object **made)
{
	const struct inventory_export *export;
	struct inventory inventory;
	struct object *object;
	int rc = inventory_take_records(&inventory, getpid());

	if (rc)
		return rc;
	export = find_export(&inventory, fd);
	object = *made = new_dmabuf(name, fd, export ? export->ranges : NULL,
				    export ? export->range_count : 0);
	if (object) {
		object->made = clock_now();
		object->adopted = true;
	}
	if (object && export) {
		copy_text(object->device.bdf, sizeof(object->device.bdf), export->device);
		object->bar = export->region;
	}
	inventory_free(&inventory);
	return object ? 0 : -ENOMEM;
}

/* Another object for what the context exported. */
static int make_twin(const char *name, int fd, const struct object *own, struct object **made)
{
	struct object *object = *made = new_dmabuf(name, fd, own->ranges, own->range_count);

	if (!object)
		return -ENOMEM;
	object->made = own->made;
	object->device = own->device;
	object->bar = own->bar;
	strcpy(object->memory, own->memory);
	return 0;
}

int context_adopt(struct context *context, int fd, const char *name, struct object **dmabuf)
{
	const struct object *own = find_own(context, fd);
	struct object *object;
	uint64_t size;
	int rc = dmabuf_get_size(fd, &size);

	if (!rc)
		rc = own ? make_twin(name, fd, own, &object) : make_adopted(name, fd, &object);
	if (rc) {
		sys_close(fd);
		return rc;
	}
	object->size = size;
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
		object->id = id;
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
	const struct object *ioas = object_find(&context->objects, OBJECT_IOAS, device->ioas);
	int fd = context_fd(context, device);

	if (fd < 0)
		return fd;
	return ioas ? vfio_attach(fd, ioas->id) : vfio_detach(fd);
}

/* Either of attach and detach can be repeated, so the record may run ahead of the kernel. */
static int set_attachment(struct context *context, struct object *device, const char *ioas)
{
	char before[NAME_SIZE];
	int rc;

	memcpy(before, device->ioas, sizeof(before));
	copy_text(device->ioas, NAME_SIZE, ioas);
	rc = context_apply_attachment(context, device);
	if (!rc) {
		rc = context_update(context, device);
		if (!rc)
			return 0;
	}
	memcpy(device->ioas, before, sizeof(before));
	context_apply_attachment(context, device);
	return rc;
}

int context_attach(struct context *context, struct object *device, const struct object *ioas)
{
	if (context->private)
		recorder_start(context);
	return set_attachment(context, device, ioas->name);
}

int context_detach(struct context *context, struct object *device)
{
	return set_attachment(context, device, "");
}

static int get_target(struct context *context, const struct importer *importer, const char *name,
		      struct import_target *target)
{
	const struct object *ioas;

	*target = (struct import_target){ .name = name, .fd = -1 };
	if (!importer->in_ioas)
		return 0;
	ioas = object_find(&context->objects, OBJECT_IOAS, name);
	if (!ioas)
		return -EPROTO;
	target->id = ioas->id;
	target->fd = context_iommufd(context);
	return target->fd < 0 ? target->fd : 0;
}

int context_get_target(struct context *context, struct object *mapping,
		       struct import_target *target)
{
	int rc = get_target(context, mapping->importer, mapping->target, target);

	if (rc || mapping->importer->in_ioas)
		return rc;
	target->fd = context_fd(context, mapping);
	return target->fd < 0 ? target->fd : 0;
}

/* With the fd that is the mapping's own, if it has one. */
static int record_mapping(struct context *context, const struct object *made,
			  struct object **mapping)
{
	struct object *object = object_new(OBJECT_MAPPING, made->name, made->fd);
	int rc;

	if (!object) {
		if (made->fd >= 0)
			sys_close(made->fd);
		return -ENOMEM;
	}
	*object = *made;
	rc = context_add(context, object);
	if (!rc)
		*mapping = object;
	return rc;
}

int context_import(struct context *context, const struct importer *importer, const char *target,
		   const struct import_request *request, struct object *dmabuf, const char *name,
		   struct object **mapping)
{
	struct object made = {
		.kind = OBJECT_MAPPING,
		.fd = -1,
		.offset = request->source.offset,
		.importer = importer,
		.addresses.length = request->source.length,
		.prot = request->prot,
		.promise = request->promise,
		.late_ms = request->late_ms,
		.made = clock_now(),
	};
	struct import_target into;
	int rc = get_target(context, importer, target, &into);
	int fd = rc ? rc : context_fd(context, dmabuf);

	if (fd < 0)
		return fd;
	copy_text(made.name, sizeof(made.name), name);
	copy_text(made.target, sizeof(made.target), target);
	strcpy(made.dmabuf, dmabuf->name);
	rc = importer->map(&into, fd, request, &made.addresses.offset);
	if (rc)
		return rc;
	if (!importer->in_ioas)
		made.fd = into.fd;
	made.keys = into.keys;
	rc = record_mapping(context, &made, mapping);
	if (rc && importer->in_ioas)
		importer->unmap(&into, made.addresses);
	return rc;
}

struct import_request context_request_of(const struct object *mapping)
{
	return (struct import_request){
		.source = { mapping->offset, mapping->addresses.length },
		.prot = mapping->prot,
		.promise = mapping->promise,
		.late_ms = mapping->late_ms,
		.fixed = true,
		.address = mapping->addresses.offset,
	};
}

/* A mapping that is on record no more. */
struct departed {
	struct object mapping; /* as it was */
	struct import_target target;
};

/* One that cannot be undone is a mapping still, and goes back on record. */
static int undo_mapping(struct context *context, const struct departed *departed)
{
	const struct object *was = &departed->mapping;
	struct object *mapping;
	int rc;

	if (!was->importer->in_ioas)
		return 0; /* it went with its fd */
	rc = was->importer->unmap(&departed->target, was->addresses);
	if (rc && rc != -ENOENT)
		record_mapping(context, was, &mapping);
	return rc;
}

int context_unmap_all(struct context *context, struct object *const *mappings, unsigned count)
{
	auto_free struct departed *departed = malloc((count + 1) * sizeof(*departed));
	int rc = departed ? 0 : -ENOMEM;

	for (unsigned i = 0; !rc && i < count; i++) {
		departed[i].mapping = *mappings[i];
		rc = get_target(context, mappings[i]->importer, mappings[i]->target,
				&departed[i].target);
	}
	if (!rc)
		rc = context_remove_all(context, mappings, count);
	if (rc)
		return rc;
	/* Nobody else will undo them: one that fails is no reason to leave the others. */
	for (unsigned i = 0; i < count; i++) {
		int error = undo_mapping(context, &departed[i]);

		rc = rc ? rc : error;
	}
	return rc;
}

static int map_again(struct context *context, struct object *mapping)
{
	struct object *dmabuf = object_find(&context->objects, OBJECT_DMABUF, mapping->dmabuf);
	const struct import_request request = context_request_of(mapping);
	struct import_target target;
	int fd = dmabuf ? context_fd(context, dmabuf) : -EPROTO;
	uint64_t made = clock_now();
	int rc = fd < 0 ? fd : mapping->importer->once ? -EOPNOTSUPP : 0;

	if (!rc)
		rc = context_get_target(context, mapping, &target);
	if (rc)
		return rc;
	rc = mapping->importer->unmap(&target, mapping->addresses);
	if (!rc || rc == -ENOENT)
		rc = mapping->importer->map(&target, fd, &request, &mapping->addresses.offset);
	if (rc)
		return rc;
	/* From now on it is a new one. */
	mapping->made = made;
	mapping->verified = 0;
	mapping->arrived = false;
	mapping->recovering = false;
	*mapping->revoked_by = '\0';
	return 0;
}

int context_map_again(struct context *context, struct object *mapping)
{
	int rc = map_again(context, mapping);
	int lost = rc ? context_unmap_all(context, &mapping, 1) : 0;

	return lost && lost != -ENOENT ? lost : rc;
}

/* What the default importer says of its dma-buf matters to another only when that is revoked. */
static int refusal_of(const struct object *mapping, int probe)
{
	if (mapping->importer->once)
		return -EOPNOTSUPP;
	return mapping->importer->probe || probe == -ENODEV ? probe : 0;
}

/* How many there are before the first whose dma-buf cannot be imported now; *error says why. */
static unsigned count_importable(struct context *context, struct object *const *mappings,
				 unsigned count, int *error)
{
	struct import_trial trial = { 0 };
	const char *asked = "";
	unsigned good = 0;
	int probe = 0;

	*error = 0;
	for (; good < count; good++) {
		const char *name = mappings[good]->dmabuf;
		struct object *dmabuf = object_find(&context->objects, OBJECT_DMABUF, name);

		if (strcmp(name, asked))
			probe = dmabuf ? context_probe(context, &trial, dmabuf) : -EPROTO;
		*error = refusal_of(mappings[good], probe);
		if (*error)
			break;
		asked = name;
	}
	context_end_trial(&trial);
	return good;
}

static void mark_recovering(struct object *const *mappings, unsigned count, bool recovering)
{
	for (unsigned i = 0; i < count; i++)
		mappings[i]->recovering = recovering;
}

int context_recover(struct context *context, struct object *const *mappings, unsigned count,
		    unsigned *done)
{
	int refusal, failure = 0, rc;

	*done = 0;
	count = count_importable(context, mappings, count, &refusal);
	mark_recovering(mappings, count, true);
	rc = context_update_all(context, mappings, count);
	while (!rc && !failure && *done < count) {
		failure = context_map_again(context, mappings[*done]);
		*done += !failure;
	}
	/* The one that failed is gone; those behind it were not touched. */
	mark_recovering(mappings + *done + !!failure, count - *done - !!failure, false);
	if (!rc)
		rc = context_update_all(context, mappings, *done);
	if (!rc && failure)
		rc = context_update_all(context, mappings + *done + 1, count - *done - 1);
	return rc ? rc : failure ? failure : refusal;
}

static const struct object *mapping_of(const struct context *context, const struct object *object)
{
	if (!object->mapping_count)
		return NULL;
	for_each_object(mapping, &context->objects, OBJECT_MAPPING)
		if (object->kind == OBJECT_DMABUF ? !strcmp(mapping->dmabuf, object->name) :
						    object_is_in_ioas(mapping, object->name))
			return mapping;
	return NULL;
}

const struct object *context_user_of(const struct context *context, const struct object *object)
{
	const struct object *mapping = mapping_of(context, object);

	if (mapping)
		return mapping;
	for_each_object(device, &context->objects, OBJECT_DEVICE)
		if (object->kind == OBJECT_IOAS && !strcmp(device->ioas, object->name))
			return device;
	if (object->kind != OBJECT_DEVICE)
		return NULL;
	for_each_object(dmabuf, &context->objects, OBJECT_DMABUF)
		if (object_is_export_of(dmabuf, object->name) &&
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
		return context_unmap_all(context, &object, 1);
	if (object->kind != OBJECT_IOAS)
		return context_remove(context, object);
	iommufd = context_iommufd(context);
	if (iommufd < 0)
		return iommufd;
	id = object->id;
	rc = context_remove(context, object);
	return rc ? rc : iommufd_destroy(iommufd, id);
}

/* Nobody needs it, and it takes no more than this. */
static bool is_plain(const struct object *object)
{
	return object->kind == OBJECT_MAPPING ||
	       (object->kind == OBJECT_DMABUF && !object->mapping_count);
}

int context_release_some(struct context *context, struct object *const *objects, unsigned count,
			 unsigned *done)
{
	enum object_kind kind = objects[0]->kind;
	unsigned run = 0;

	while (run < count && objects[run]->kind == kind && is_plain(objects[run]))
		run++;
	*done = run ? run : 1;
	if (!run)
		return context_release(context, objects[0]);
	return kind == OBJECT_MAPPING ? context_unmap_all(context, objects, run) :
					context_remove_all(context, objects, run);
}

static int release_kind(struct context *context, enum object_kind kind)
{
	unsigned count, done;
	auto_free struct object **objects = object_collect(&context->objects, kind, &count);
	int rc = objects ? 0 : -ENOMEM;

	for (unsigned i = 0; !rc && i < count; i += done)
		rc = context_release_some(context, objects + i, count - i, &done);
	return rc;
}

const enum object_kind release_order[] = { OBJECT_MAPPING, OBJECT_DMABUF, OBJECT_DEVICE,
					   OBJECT_IOAS, OBJECT_KINDS };

int context_release_all(struct context *context)
{
	int rc = 0;

	for (unsigned i = 0; !rc && release_order[i] != OBJECT_KINDS; i++)
		rc = release_kind(context, release_order[i]);
	return rc;
}

int context_probe(struct context *context, struct import_trial *trial, struct object *dmabuf)
{
	int iommufd = context_iommufd(context);
	int fd = iommufd < 0 ? iommufd : context_fd(context, dmabuf);

	if (fd < 0)
		return fd;
	trial->fd = iommufd;
	return importers[0]->probe(trial, fd);
}

void context_end_trial(struct import_trial *trial)
{
	importers[0]->end_trial(trial);
}
