// SPDX-License-Identifier: GPL-2.0-only
#include "ui/event.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "ui/output.h"
#include "util/text.h"

#define END_SIZE 2 /* "}\n" */
#define DIGITS 20  /* of any number, in decimal, or with 0x and quotes */

/* Where what is put into it had no room: all up to there is taken. */
static char *limit(struct event *event)
{
	return event->text + sizeof(event->text) - END_SIZE;
}

static char *put_bytes(struct event *event, char *to, const char *bytes, size_t length)
{
	if ((size_t)(limit(event) - to) <= length)
		return limit(event);
	memcpy(to, bytes, length);
	return to + length;
}

static char *put(struct event *event, char *to, const char *text)
{
	return put_bytes(event, to, text, strlen(text));
}

/* ',"key":' or ' key=' */
static char *put_key(struct event *event, struct event_key key)
{
	char *to = event->text + event->used;

	if (event->json)
		return put_bytes(event, to, key.text, key.length);
	to = put(event, to, " ");
	to = put_bytes(event, to, key.text + strlen(",\""), key.length - strlen(",\"\":"));
	return put(event, to, "=");
}

/* Up to where the value ends; with no room for that, neither it nor its key is there. */
static void keep(struct event *event, char *to)
{
	if (to < limit(event))
		event->used = to - event->text;
}

void event_put_number(struct event *event, struct event_key key, uint64_t value)
{
	char digits[DIGITS], *end = digits + DIGITS, *first = end;

	do
		*--first = '0' + value % 10;
	while (value /= 10);
	keep(event, put_bytes(event, put_key(event, key), first, end - first));
}

void event_put_address(struct event *event, struct event_key key, uint64_t value)
{
	char digits[DIGITS], *end = digits + DIGITS, *first = end;

	if (event->json)
		*--first = '"';
	do
		*--first = "0123456789abcdef"[value & 15];
	while (value >>= 4);
	*--first = 'x';
	*--first = '0';
	if (event->json)
		*--first = '"';
	keep(event, put_bytes(event, put_key(event, key), first, end - first));
}

/* Nearly all text is: it stands for itself in either form. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static char *put_quoted(struct event *event, char *to, const char *text)
{
	char *valid = text_to_utf8(text);
	json_object *value = valid ? json_object_new_string(valid) : NULL;

	to = put(event, to, json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(value);
	free(valid);
	return to;
}

static char *put_escaped(struct event *event, char *to, const char *text)
{
	char *escaped = malloc(TEXT_ESCAPED(strlen(text)));

	if (!escaped)
		return limit(event);
	text_escape(escaped, text);
	to = put(event, to, escaped);
	free(escaped);
	return to;
}

void event_put_text(struct event *event, struct event_key key, const char *text)
{
	bool empty = !text || !*text;
	char *to;

	if (empty && !event->json)
		return;
	to = put_key(event, key);
	if (empty)
		to = put_bytes(event, to, "null", strlen("null"));
	else if (!is_plain(text))
		to = event->json ? put_quoted(event, to, text) : put_escaped(event, to, text);
	else if (event->json)
		to = put(event, put(event, put(event, to, "\""), text), "\"");
	else
		to = put(event, to, text);
	keep(event, to);
}

void event_start(struct event *event, bool json, const char *command)
{
	event->json = json;
	event->used = 0;
	if (json) {
		keep(event, put(event, event->text, "{\"schema\":\"" OUTPUT_SCHEMA "\""));
		event_text(event, "command", command);
	}
	event->head = event->used;
}

void event_begin(struct event *event, uint64_t time_ns, const char *name)
{
	event->used = event->head;
	if (event->json) {
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
