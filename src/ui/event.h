/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A result that is a line: a JSON object, or for people the time, the name, and key=value. For
 * events that come by the thousand, whose cost is that of printing them: no tree is built.
 */
#ifndef DMABUFCTL_UI_EVENT_H
#define DMABUFCTL_UI_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct event {
	bool json;
	size_t head; /* bytes that are the same in all of them */
	size_t used;
	char text[4096]; /* what does not fit into it is left out, key and value together */
};

/* Before the first. The command's and the schema's names are part of JSON alone. */
void event_start(struct event *event, bool json, const char *command);
void event_begin(struct event *event, uint64_t time_ns, const char *name);
/* As JSON has it before the value; keys are literals, of some characters. */
struct event_key {
	const char *text;
	size_t length;
};
#define EVENT_KEY(name) ((struct event_key){ ",\"" name "\":", sizeof(",\"" name "\":") - 1 })

/* Text may be any bytes. NULL or "": null in JSON, and nothing for people. */
void event_put_text(struct event *event, struct event_key key, const char *text);
void event_put_number(struct event *event, struct event_key key, uint64_t value);
void event_put_address(struct event *event, struct event_key key, uint64_t value);
#define event_text(event, key, text) event_put_text(event, EVENT_KEY(key), text)
#define event_number(event, key, value) event_put_number(event, EVENT_KEY(key), value)
#define event_address(event, key, value) event_put_address(event, EVENT_KEY(key), value)
void event_end(struct event *event, FILE *stream);

#endif
