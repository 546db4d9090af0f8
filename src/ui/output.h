/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one printer. A command builds a JSON result; here it becomes either that JSON or, by
 * the command's column tables, what people read.
 */
#ifndef DMABUFCTL_UI_OUTPUT_H
#define DMABUFCTL_UI_OUTPUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define OUTPUT_SCHEMA "dmabufctl/1"

enum column_type {
	COLUMN_TEXT,		 /* string or number as it is */
	COLUMN_NUMBER,		 /* the same, to the right */
	COLUMN_SIZE,		 /* bytes -> 16M */
	COLUMN_LIST,		 /* array of strings -> a,b */
	COLUMN_RANGES,		 /* array of {offset, length} -> 0x0+16M */
	COLUMN_TIME,		 /* ns -> 12.3 us */
	COLUMN_PERCENT,		 /* 150 -> 150% */
	COLUMN_BINS,		 /* array of {samples} -> [.=#:  .], the fullest a # */
	COLUMN_VERBOSE = 1 << 4, /* with any of the above: shown with -v only */
};

struct column {
	const char *heading; /* NULL ends a table */
	const char *key;     /* in the row's object, else in its parent's */
	unsigned type;	     /* enum column_type */
	const char *help;
};

/* An array in the result, or one object, shown as a table of its own. */
struct section {
	const char *key;   /* in the result; NULL ends the list */
	const char *title; /* a line above it when there are several sections; NULL: none */
	const char *empty; /* said when there is no row; NULL: nothing */
	const struct column *columns;
	const char *within;   /* the key is in each row of that array; NULL: in the result itself */
	const char *children; /* the array in each row that hangs below it, as a tree; NULL: none */
};

/* One value of a row that is made when it is printed. */
struct attribute {
	enum { ATTRIBUTE_NONE, ATTRIBUTE_NUMBER, ATTRIBUTE_TEXT } type;
	uint64_t number;
	const char *text; /* any bytes; there until the next is asked for */
};

/*
 * An array of the result whose rows are too many to be held at once: each is made when it is to
 * be printed. All zero: there is none.
 */
struct output_rows {
	const char *key; /* in the result, and of a section */
	size_t count;
	json_object *(*make)(void *state, size_t row); /* a new reference */
	/* For tables without children: the value of the section's column, by its position. */
	struct attribute (*attribute)(void *state, size_t row, unsigned column);
	void *state;
	void (*free)(void *state);
};

/* result and rows stay the caller's; rows: NULL for none. */
void output_json(json_object *result, const struct output_rows *rows);
/* How people want to see a result. */
struct output_style {
	bool verbose;	    /* with the columns for -v */
	bool bare;	    /* without headings and titles */
	const char *choice; /* headings in the order wanted, separated by commas; NULL: all */
};

/*
 * A table that is wider than the terminal is printed as records; where the output is no terminal
 * a table has the width that it has.
 */
void output_tables(json_object *result, const struct output_rows *rows,
		   const struct section *sections, const struct output_style *style);
/* Calls show() with each row as it is made. */
void output_each_row(const struct output_rows *rows, void (*show)(json_object *row, void *arg),
		     void *arg);

#endif
