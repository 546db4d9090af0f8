// SPDX-License-Identifier: GPL-2.0-only
#include "util/json.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/text.h"

static void put(json_object *object, const char *key, json_object *value)
{
	json_object_object_add_ex(object, key, value, JSON_C_OBJECT_KEY_IS_CONSTANT);
}

/* Every text of a result comes from here. */
static json_object *new_text(const char *text)
{
	char *valid = text && *text ? text_to_utf8(text) : NULL;
	json_object *value = valid ? json_object_new_string(valid) : NULL;

	free(valid);
	return value;
}

void json_put_text(json_object *object, const char *key, const char *text)
{
	if (object)
		put(object, key, new_text(text));
}

void add_text(json_object *array, const char *text)
{
	if (array)
		json_object_array_add(array, new_text(text));
}

void json_put_number(json_object *object, const char *key, uint64_t value)
{
	if (object)
		put(object, key, json_object_new_uint64(value));
}

void json_put_index(json_object *object, const char *key, int value)
{
	if (object)
		put(object, key, value < 0 ? NULL : json_object_new_int(value));
}

void json_put_address(json_object *object, const char *key, uint64_t value)
{
	char text[20];

	if (!object)
		return;
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_put_text(object, key, text);
}

void json_put_bool(json_object *object, const char *key, int value)
{
	if (object)
		put(object, key, json_object_new_boolean(value));
}

static json_object *put_new(json_object *object, const char *key, json_object *inner(void))
{
	json_object *value = object ? inner() : NULL;

	if (value)
		put(object, key, value);
	return value;
}

json_object *json_put_array(json_object *object, const char *key)
{
	return put_new(object, key, json_object_new_array);
}

json_object *json_put_object(json_object *object, const char *key)
{
	return put_new(object, key, json_object_new_object);
}

json_object *add_object(json_object *array)
{
	json_object *object = array ? json_object_new_object() : NULL;

	if (object)
		json_object_array_add(array, object);
	return object;
}

const char *text_of(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	return value ? json_object_get_string(value) : "";
}

uint64_t number_of(json_object *object, const char *key)
{
	return json_object_get_uint64(json_object_object_get(object, key));
}
