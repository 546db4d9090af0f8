/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects as rows of results, and the columns that show them. */
#ifndef DMABUFCTL_CMD_SHARED_ROWS_H
#define DMABUFCTL_CMD_SHARED_ROWS_H

#include "cmd/shared/command.h"
#include "context/route.h"
#include "context/state.h"

/* Rows of results, with name and attributes; a snapshot adds state and evidence. */
void fill_dmabuf(json_object *row, struct object *dmabuf, struct snapshot *snapshot);
void fill_mapping(json_object *row, const struct object *mapping, struct snapshot *snapshot);
void fill_object(json_object *row, const struct object *object);

/* What the importer says of a mapping; the route of all of it. */
enum route fill_look(json_object *row, const struct object *mapping,
		     const struct import_look *look);

/* Rows "idle": the mappings of an IOAS that has lost its last device, "": none. */
void fill_idle(struct call *call, const char *ioas);
extern const struct section idle_sections[];

/* Columns for the rows above. */
extern const struct column dmabuf_columns[], mapping_columns[];

/* In a picture, of an exporter or a mapping in that state; "white" for any other text. */
const char *state_colour(const char *state);

/* The names of evidence bits, strongest first. */
void put_evidence(json_object *row, const char *key, unsigned bits);

#endif
