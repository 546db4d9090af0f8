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
	size_t used;
	char text[4096]; /* what does not fit into it is left out, key and value together */
};

/* The command's and the schema's names are part of JSON alone. */
void event_begin(struct event *event, bool json, const char *command, uint64_t time_ns,
		 const char *name);
/* Text may be any bytes. NULL or "": null in JSON, and nothing for people. */
void event_text(struct event *event, const char *key, const char *text);
void event_number(struct event *event, const char *key, uint64_t value);
void event_address(struct event *event, const char *key, uint64_t value);
void event_end(struct event *event, FILE *stream);

#endif
