// SPDX-License-Identifier: GPL-2.0-only
#include "ui/event.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "ui/output.h"
#include "util/text.h"

#define END_SIZE 2 /* "}\n" */

static size_t room(const struct event *event)
{
	return sizeof(event->text) - END_SIZE - event->used;
}

static void add(struct event *event, const char *text, size_t length)
{
	memcpy(event->text + event->used, text, length);
	event->used += length;
}

/* ',"key":' or ' key=', with so many bytes after it; false when there is no room for both. */
static bool add_key(struct event *event, const char *key, size_t value)
{
	size_t length = strlen(key);

	if (room(event) < length + 4 + value)
		return false;
	add(event, event->json ? ",\"" : " ", event->json ? 2 : 1);
	add(event, key, length);
	add(event, event->json ? "\":" : "=", event->json ? 2 : 1);
	return true;
}

/* The digits end at end. */
static char *write_number(char *end, uint64_t value, unsigned base)
{
	do
		*--end = "0123456789abcdef"[value % base];
	while (value /= base);
	return end;
}

void event_number(struct event *event, const char *key, uint64_t value)
{
	char digits[20], *end = digits + sizeof(digits);
	char *first = write_number(end, value, 10);

	if (add_key(event, key, end - first))
		add(event, first, end - first);
}

void event_address(struct event *event, const char *key, uint64_t value)
{
	char digits[20], *end = digits + sizeof(digits), *first;

	*--end = '"';
	first = write_number(end, value, 16);
	*--first = 'x';
	*--first = '0';
	*--first = '"';
	if (!event->json) {
		first++;
		end--;
	}
	if (add_key(event, key, end + 1 - first))
		add(event, first, end + 1 - first);
}

/* Nearly all text is: it stands for itself in either form. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static void add_quoted(struct event *event, const char *key, const char *text)
{
	char *valid = text_to_utf8(text);
	json_object *value = valid ? json_object_new_string(valid) : NULL;
	const char *quoted = json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE);

	if (add_key(event, key, strlen(quoted)))
		add(event, quoted, strlen(quoted));
	json_object_put(value);
	free(valid);
}

static void add_escaped(struct event *event, const char *key, const char *text)
{
	size_t length = strlen(text);
	char *escaped = malloc(TEXT_ESCAPED(length));

	if (!escaped)
		return;
	length = text_escape(escaped, text) - escaped;
	if (add_key(event, key, length))
		add(event, escaped, length);
	free(escaped);
}

void event_text(struct event *event, const char *key, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (!length && !event->json)
		return;
	if (length && !is_plain(text)) {
		if (event->json)
			add_quoted(event, key, text);
		else
			add_escaped(event, key, text);
	} else if (add_key(event, key, length + 4)) {
		if (!length) {
			add(event, "null", 4);
			return;
		}
		if (event->json)
			add(event, "\"", 1);
		add(event, text, length);
		if (event->json)
			add(event, "\"", 1);
	}
}

void event_begin(struct event *event, bool json, const char *command, uint64_t time_ns,
		 const char *name)
{
	event->json = json;
	event->used = 0;
	if (json) {
		add(event, "{\"schema\":\"" OUTPUT_SCHEMA "\"",
		    strlen("{\"schema\":\"" OUTPUT_SCHEMA "\""));
		event_text(event, "command", command);
		event_number(event, "t_ns", time_ns);
		event_text(event, "event", name);
		return;
	}
	event->used = snprintf(event->text, sizeof(event->text), "%8llu.%06llu %-13s",
			       (unsigned long long)time_ns / 1000000000,
			       (unsigned long long)time_ns / 1000 % 1000000, name);
}

void event_end(struct event *event, FILE *stream)
{
	if (event->json)
		event->text[event->used++] = '}';
	event->text[event->used++] = '\n';
	fwrite(event->text, 1, event->used, stream);
}
