// SPDX-License-Identifier: GPL-2.0-only
#include "context/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/iommufd.h"
#include "kernel/sys.h"

void context_say_why(struct context *context, const char *format, ...)
{
	size_t used = strlen(context->why);
	va_list args;

	if (used && used + 2 < sizeof(context->why)) {
		strcpy(context->why + used, "; ");
		used += 2;
	}
	va_start(args, format);
	vsnprintf(context->why + used, sizeof(context->why) - used, format, args);
	va_end(args);
}

int context_iommufd(struct context *context)
{
	struct object *iommufd;
	int fd, rc;

	if (context->iommufd)
		return context_fd(context, context->iommufd);
	fd = iommufd_open();
	if (fd < 0)
		return fd;
	iommufd = object_new(OBJECT_IOMMUFD, "iommufd", fd);
	if (!iommufd) {
		sys_close(fd);
		return -ENOMEM;
	}
	/* Before all that is made through it, so that it is closed last. */
	rc = context_add(context, iommufd);
	if (rc)
		return rc;
	context->iommufd = iommufd;
	return fd;
}

static void name_object(struct context *context, const struct object *object)
{
	struct proto_message *message = context->client.message;

	message->kind = object->kind;
	memset(message->name, 0, sizeof(message->name));
	strcpy(message->name, object->name);
}

int context_fd(struct context *context, struct object *object)
{
	int rc;

	if (object->fd >= 0)
		return object->fd;
	name_object(context, object);
	context->client.message->attributes_size = 0;
	rc = client_request_fd(&context->client, PROTO_GET, -1, &object->fd);
	if (rc)
		return rc;
	return object->fd >= 0 ? object->fd : -EBADF;
}

static int put_on_record(struct context *context, const struct object *object, int fd)
{
	struct proto_message *message = context->client.message;
	json_object *attributes = object_to_json(object);
	const char *text = json_object_to_json_string_ext(attributes, JSON_C_TO_STRING_PLAIN);
	size_t size = strlen(text) + 1;
	int rc = -EMSGSIZE;

	if (size <= PROTO_ATTRIBUTES_MAX) {
		name_object(context, object);
		memcpy(message->attributes, text, size);
		message->attributes_size = size;
		rc = client_request_fd(&context->client, PROTO_PUT, fd, NULL);
	}
	json_object_put(attributes);
	return rc;
}

int context_add(struct context *context, struct object *object)
{
	int rc = object_list_add(&context->objects, object);

	if (rc) {
		object_free(object);
		return rc;
	}
	if (!context->private)
		rc = put_on_record(context, object, object->fd);
	if (rc)
		object_list_remove(&context->objects, object);
	return rc;
}

int context_update(struct context *context, const struct object *object)
{
	return context->private ? 0 : put_on_record(context, object, -1);
}

int context_remove(struct context *context, struct object *object)
{
	int rc = 0;

	if (!context->private) {
		name_object(context, object);
		rc = client_request(&context->client, PROTO_DELETE);
	}
	context->emptied = true;
	if (!rc)
		object_list_remove(&context->objects, object);
	return rc;
}

/* false: there is no room left. */
static bool append_object(struct proto_message *message, enum proto_op op,
			  const struct object *object)
{
	json_object *attributes = op == PROTO_PUT_ALL ? object_to_json(object) : NULL;
	const char *text =
		attributes ? json_object_to_json_string_ext(attributes, JSON_C_TO_STRING_PLAIN) :
			     "";
	bool room = proto_append(message, object->kind, object->name, text);

	json_object_put(attributes);
	return room;
}

/* As many messages as it takes. */
static int send_all(struct context *context, enum proto_op op, struct object *const *objects,
		    unsigned count)
{
	struct proto_message *message = context->client.message;
	unsigned done = 0;
	int rc = 0;

	while (!rc && done < count) {
		bool room = true;

		memset(message->name, 0, sizeof(message->name));
		message->attributes_size = 0;
		while (room && done < count) {
			room = append_object(message, op, objects[done]);
			done += room;
		}
		rc = message->attributes_size ? client_request_fd(&context->client, op, -1, NULL) :
						-EMSGSIZE;
	}
	return rc;
}

int context_update_all(struct context *context, struct object *const *objects, unsigned count)
{
	return context->private ? 0 : send_all(context, PROTO_PUT_ALL, objects, count);
}

int context_remove_all(struct context *context, struct object *const *objects, unsigned count)
{
	int rc = context->private ? 0 : send_all(context, PROTO_DELETE_ALL, objects, count);

	context->emptied = true;
	for (unsigned i = 0; !rc && i < count; i++)
		object_list_remove(&context->objects, objects[i]);
	return rc;
}

bool context_is_empty(const struct context *context)
{
	return !object_count(&context->objects, OBJECT_KINDS) &&
	       !object_count(&context->objects, OBJECT_UNDO);
}

void context_clear(struct context *context)
{
	object_list_clear(&context->objects);
	context->iommufd = NULL;
}
