// SPDX-License-Identifier: GPL-2.0-only
/* Lines of events, made byte by byte. */
#include "ui/event.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "ui/output.h"
#include "util/text.h"

#define DIGITS 20 /* of any number */
#define NAME_WIDTH 13

/* Nearly all text is of these: they stand for themselves in either form. */
static const bool plain[256] = {
	[' ' ... '!'] = true,
	['#' ... '['] = true,
	[']' ... '~'] = true,
};

#define TEN(tens)                                                                                 \
	tens "0", tens "1", tens "2", tens "3", tens "4", tens "5", tens "6", tens "7", tens "8", \
		tens "9"
static const char pairs[100][2] = {
	TEN("0"), TEN("1"), TEN("2"), TEN("3"), TEN("4"),
	TEN("5"), TEN("6"), TEN("7"), TEN("8"), TEN("9"),
};

/* From which value on there is one digit more. */
static const uint64_t powers[DIGITS] = {
	0,    1e1,  1e2,  1e3,	1e4,  1e5,  1e6,  1e7,	1e8,  1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
};

static char *limit(const struct event *event)
{
	return event->line + EVENT_LINE - strlen("}\n");
}

/* Up to where the value ends; with no room for that, neither it nor its key is there. */
static void keep(struct event *event, char *to)
{
	if (to <= limit(event))
		event->end = to;
}

static int count_digits(uint64_t value)
{
	/* A bit is 0.301 digits; the power tells whether that is one too few. */
	int digits = (64 - __builtin_clzll(value | 1)) * 1233 >> 12;

	return digits + (value >= powers[digits]);
}

/* At least so many characters, filled from the left. */
static inline char *put_decimal(char *to, uint64_t value, int width, char fill)
{
	int digits = count_digits(value);
	char *end, *last;
	uint32_t low;

	for (; width > digits; width--)
		*to++ = fill;
	end = last = to + digits;
	/* Two digits a division, of 32 bits if it can be: they are most of what an event costs. */
	for (; value > UINT32_MAX; value /= 100)
		last = memcpy(last - 2, pairs[value % 100], 2);
	for (low = value; low >= 100; low /= 100)
		last = memcpy(last - 2, pairs[low % 100], 2);
	*--last = pairs[low][1];
	if (low >= 10)
		*--last = pairs[low][0];
	return end;
}

void event_put_number(struct event *event, char *to, uint64_t value)
{
	keep(event, put_decimal(to, value, 1, ' '));
}

void event_put_address(struct event *event, char *to, uint64_t value)
{
	unsigned digits = value ? (67 - __builtin_clzll(value)) / 4 : 1;

	if (event->json)
		*to++ = '"';
	*to++ = '0';
	*to++ = 'x';
	while (digits--)
		*to++ = "0123456789abcdef"[value >> 4 * digits & 15];
	if (event->json)
		*to++ = '"';
	keep(event, to);
}

void event_put_bool(struct event *event, char *to, bool value)
{
	keep(event, stpcpy(to, value ? "true" : "false"));
}

/* NULL when it is not all plain, or has no room. */
static char *put_plain(const struct event *event, char *to, const char *text)
{
	ptrdiff_t room = limit(event) - to, length = 0;

	for (; length < room && plain[(unsigned char)text[length]]; length++)
		to[length] = text[length];
	return text[length] ? NULL : to + length;
}

/* Any bytes, in the form's own way; malloc'd. */
static char *encode(bool json, const char *text)
{
	char *encoded = json ? text_to_utf8(text) : malloc(TEXT_ESCAPED(strlen(text)));
	json_object *value;

	if (!encoded)
		return NULL;
	if (!json) {
		text_escape(encoded, text);
		return encoded;
	}
	value = json_object_new_string(encoded);
	free(encoded);
	encoded = strdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(value);
	return encoded;
}

static void __attribute__((noinline, cold))
put_encoded(struct event *event, char *to, const char *text)
{
	char *encoded = encode(event->json, text);
	size_t length = encoded ? strlen(encoded) : 0;

	if (encoded && (ptrdiff_t)length <= limit(event) - to)
		event->end = mempcpy(to, encoded, length);
	free(encoded);
}

void event_put_text(struct event *event, char *to, const char *text)
{
	char *end = put_plain(event, to + event->json, text);

	if (!end) {
		put_encoded(event, to, text);
		return;
	}
	if (event->json)
		*to = *end++ = '"';
	keep(event, end);
}

void event_put_null(struct event *event, char *to)
{
	if (event->json)
		keep(event, mempcpy(to, "null", strlen("null")));
}

void event_start(struct event *event, bool json, const char *command)
{
	event->json = json;
	event->error = 0;
	event->line = event->end = event->text;
	*event->head = '\0';
	if (json)
		snprintf(event->head, sizeof(event->head),
			 "{\"schema\":\"" OUTPUT_SCHEMA "\",\"command\":\"%s\",\"t_ns\":", command);
	event->head_length = strlen(event->head);
}

/* "    1234.567890 unmap        " */
static char *put_head(char *to, uint64_t time_ns, const char *name)
{
	char *end;

	to = put_decimal(to, time_ns / 1000000000, 8, ' ');
	*to++ = '.';
	to = put_decimal(to, time_ns / 1000 % 1000000, 6, '0');
	*to++ = ' ';
	end = stpcpy(to, name);
	while (end < to + NAME_WIDTH)
		*end++ = ' ';
	return end;
}

void event_begin(struct event *event, uint64_t time_ns, const char *name)
{
	event->line = event->end;
	if (!event->json) {
		event->end = put_head(event->line, time_ns, name);
		return;
	}
	memcpy(event->line, event->head, sizeof(event->head));
	event->end = put_decimal(event->line + event->head_length, time_ns, 1, ' ');
	event->end = stpcpy(EVENT_COPY(event, ",\"event\":\""), name);
	*event->end++ = '"';
}

void event_end(struct event *event)
{
	if (event->json)
		*event->end++ = '}';
	*event->end++ = '\n';
	if (event->end >= event->text + EVENT_LINES)
		event_flush(event);
}

int event_flush(struct event *event)
{
	size_t length = event->end - event->text;

	event->end = event->text;
	if ((fwrite(event->text, 1, length, stdout) < length || fflush(stdout)) && !event->error)
		event->error = -errno;
	return event->error;
}
