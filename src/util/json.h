/* SPDX-License-Identifier: GPL-2.0-only */
/* Short cuts for building results in JSON. */
#ifndef DMABUFCTL_UTIL_JSON_H
#define DMABUFCTL_UTIL_JSON_H

#include <json-c/json.h>
#include <stdint.h>

/*
 * key is not copied: it must outlive the object. Text may be NULL or "": null; it may be any bytes:
 * what is not UTF-8 becomes U+FFFD. With a NULL object or array they do nothing and return NULL,
 * for results that nobody will look at.
 */
void json_put_text(json_object *object, const char *key, const char *text);
void add_text(json_object *array, const char *text);
void json_put_number(json_object *object, const char *key, uint64_t value);
/* null for a negative one: there is none. */
void json_put_index(json_object *object, const char *key, int value);
void json_put_address(json_object *object, const char *key, uint64_t value);
void json_put_bool(json_object *object, const char *key, int value);
/* Returns the new array or object, which belongs to the outer one. */
json_object *json_put_array(json_object *object, const char *key);
json_object *json_put_object(json_object *object, const char *key);
json_object *add_object(json_object *array);

/* And for reading them: "" or 0 for what is not there. */
const char *text_of(json_object *object, const char *key);
uint64_t number_of(json_object *object, const char *key);

#define for_each_row(row, array)                                                          \
	for (size_t row##_i = 0, row##_n = (array) ? json_object_array_length(array) : 0; \
	     row##_i < row##_n; row##_i++)                                                \
		for (json_object *row = json_object_array_get_idx(array, row##_i); row; row = NULL)

#endif
