/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A result that is a line: a JSON object, or for people the time, the name, and key=value. For
 * events that come by the thousand, whose cost is that of printing them: no tree is built, and many
 * lines are written at once.
 */
#ifndef DMABUFCTL_UI_EVENT_H
#define DMABUFCTL_UI_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EVENT_LINE 4096 /* what does not fit into it is left out, key and value together */
#define EVENT_LINES 65536
#define EVENT_SLACK 64 /* for a key and a number that turn out not to fit */

struct event {
	bool json;
	int error;		/* the first, negative, of writing */
	char *line;		/* the one that is being made, in text */
	char *end;		/* where it goes on */
	char head[EVENT_SLACK]; /* with which all lines begin */
	size_t head_length;
	char text[EVENT_LINES + EVENT_LINE + EVENT_SLACK];
};

/* Before the first. The command's and the schema's names are part of JSON alone. */
void event_start(struct event *event, bool json, const char *command);
void event_begin(struct event *event, uint64_t time_ns, const char *name);
void event_end(struct event *event);

/* Writes what has ended to standard output. 0 or a negative errno, also of an earlier writing. */
int event_flush(struct event *event);

/* key: a literal, of at most 32 characters. Text may be any bytes; NULL or "": null, or nothing. */
#define event_text(event, key, text)                                              \
	((text) && *(text) ? event_put_text(event, EVENT_KEY(event, key), text) : \
			     event_null(event, key))
#define event_null(event, key) event_put_null(event, EVENT_KEY(event, key))
#define event_number(event, key, value) event_put_number(event, EVENT_KEY(event, key), value)
#define event_address(event, key, value) event_put_address(event, EVENT_KEY(event, key), value)
#define event_bool(event, key, value) event_put_bool(event, EVENT_KEY(event, key), value)

/* Each takes where its value goes: behind the key, which counts when the value fits. */
void event_put_text(struct event *event, char *to, const char *text);
void event_put_null(struct event *event, char *to);
void event_put_number(struct event *event, char *to, uint64_t value);
void event_put_address(struct event *event, char *to, uint64_t value);
void event_put_bool(struct event *event, char *to, bool value);

/* Inline, as the key's length is known then: it is copied by a move or two. */
#define EVENT_KEY(event, key) \
	((event)->json ? EVENT_COPY(event, ",\"" key "\":") : EVENT_COPY(event, " " key "="))
#define EVENT_COPY(event, text) \
	((char *)memcpy((event)->end, text, sizeof(text) - 1) + sizeof(text) - 1)

#endif
