// SPDX-License-Identifier: GPL-2.0-only
#include "context/load.h"

#include <errno.h>
#include <string.h>

/* What is not understood is left out, and said. */
static int take_object(struct context *context, const struct proto_entry *entry,
		       struct json_tokener *tokener)
{
	struct object *object;
	json_object *attributes;
	int rc;

	if (entry->kind >= OBJECT_KINDS) {
		context_say_why(context, "an object of the unknown kind %u", entry->kind);
		return 0;
	}
	object = object_new(entry->kind, entry->name, -1);
	if (!object)
		return -ENOMEM;
	json_tokener_reset(tokener);
	attributes = json_tokener_parse_ex(tokener, entry->attributes, entry->attributes_size);
	rc = object_from_json(object, attributes);
	json_object_put(attributes);
	if (!rc) {
		rc = object_list_add(&context->objects, object);
		if (!rc && object->kind == OBJECT_IOMMUFD)
			context->iommufd = object;
		if (!rc)
			return 0;
	} else if (rc == -EPROTO) {
		context_say_why(context, "%s '%s' has attributes that are not a %s's",
				object_kind_name(entry->kind), entry->name,
				object_kind_name(entry->kind));
		rc = 0;
	}
	object_free(object);
	return rc;
}

static int take_objects(struct context *context, struct json_tokener *tokener)
{
	const struct proto_message *message = context->client.message;
	const struct proto_entry *entry, *last = NULL;
	size_t at = 0;
	int rc = 0;

	while (!rc && (entry = proto_next(message, &at))) {
		rc = take_object(context, entry, tokener);
		last = entry;
	}
	if (rc || !message->status)
		return rc;
	/* There is more: the last one seen is asked for the next. */
	if (!last)
		return -EPROTO;
	context->client.message->kind = last->kind;
	memcpy(context->client.message->name, last->name, PROTO_NAME_SIZE);
	return 1;
}

static int fetch_objects(struct context *context)
{
	struct json_tokener *tokener = json_tokener_new();
	int rc = tokener ? 1 : -ENOMEM;

	memset(context->client.message->name, 0, PROTO_NAME_SIZE);
	while (rc > 0) {
		rc = client_request(&context->client, PROTO_LIST);
		if (!rc)
			rc = take_objects(context, tokener);
	}
	if (tokener)
		json_tokener_free(tokener);
	return rc;
}

/* Whatever an object refers to must be there. */
static void check_references(struct context *context)
{
	const struct object_list *objects = &context->objects;

	for_each_object(mapping, objects, OBJECT_MAPPING) {
		if (!object_find(objects, OBJECT_DMABUF, mapping->dmabuf))
			context_say_why(context,
					"mapping '%s' is of dma-buf '%s', which is not there",
					mapping->name, mapping->dmabuf);
		if (mapping->importer->in_ioas &&
		    !object_find(objects, OBJECT_IOAS, mapping->target))
			context_say_why(context, "mapping '%s' is in IOAS '%s', which is not there",
					mapping->name, mapping->target);
	}
	for_each_object(device, objects, OBJECT_DEVICE)
		if (*device->ioas && !object_find(objects, OBJECT_IOAS, device->ioas))
			context_say_why(context,
					"device '%s' is attached to IOAS '%s', which is not there",
					device->name, device->ioas);
}

int context_load(struct context *context)
{
	int rc = fetch_objects(context);

	if (rc)
		return rc;
	check_references(context);
	return *context->why ? -EBADMSG : 0;
}
