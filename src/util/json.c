// SPDX-License-Identifier: GPL-2.0-only
#include "util/json.h"

#include <string.h>

#include <stdio.h>

static void put(json_object *object, const char *key, json_object *value)
{
	json_object_object_add_ex(object, key, value, JSON_C_OBJECT_KEY_IS_CONSTANT);
}

void put_text(json_object *object, const char *key, const char *text)
{
	if (object)
		put(object, key, text && *text ? json_object_new_string(text) : NULL);
}

void put_number(json_object *object, const char *key, uint64_t value)
{
	if (object)
		put(object, key, json_object_new_uint64(value));
}

void put_address(json_object *object, const char *key, uint64_t value)
{
	char text[20];

	if (!object)
		return;
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	put_text(object, key, text);
}

void put_bool(json_object *object, const char *key, int value)
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

json_object *put_array(json_object *object, const char *key)
{
	return put_new(object, key, json_object_new_array);
}

json_object *put_object(json_object *object, const char *key)
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

/* Bytes of the UTF-8 character that is there, 0 when it is none. */
static size_t character_at(const unsigned char *text)
{
	size_t length = *text < 0x80		      ? 1 :
			*text >= 0xc2 && *text < 0xe0 ? 2 :
			*text >= 0xe0 && *text < 0xf0 ? 3 :
			*text >= 0xf0 && *text < 0xf5 ? 4 :
							0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

void put_bytes(json_object *object, const char *key, const char *bytes)
{
	char text[3 * 256 + 1];
	size_t used = 0;

	while (*bytes && used + 4 < sizeof(text)) {
		size_t length = character_at((const unsigned char *)bytes);

		memcpy(text + used, length ? bytes : "\xef\xbf\xbd", length ? length : 3);
		used += length ? length : 3;
		bytes += length ? length : 1;
	}
	text[used] = '\0';
	put_text(object, key, text);
}

const char *text_of(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	return value ? json_object_get_string(value) : "";
}
