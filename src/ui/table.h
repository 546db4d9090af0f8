/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text in columns, each as wide as its widest cell. Cells are filled from left to right, row by
 * row; what is not printable ASCII becomes \xNN, so that no name can break a line.
 */
#ifndef DMABUFCTL_UI_TABLE_H
#define DMABUFCTL_UI_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS 32

struct table {
	struct {
		const char *heading;
		bool right;
		size_t width;
	} columns[TABLE_COLUMNS];
	unsigned count;
	unsigned next; /* the column of the cell that is being filled */
	char *cells;   /* the text of all of them, one after the other, each with its NUL */
	size_t used, begin, room;
	bool failed; /* out of memory: what comes is dropped */
};

/* All columns come before the first cell; heading must outlive the table. */
void table_add_column(struct table *table, const char *heading, bool right);
/* More text for the cell, which table_end_cell() ends: "-" when it had none. */
void table_put(struct table *table, const char *text);
void table_put_number(struct table *table, uint64_t number);
void table_end_cell(struct table *table);
/* How wide it is when it is printed. */
size_t table_width(const struct table *table);
void table_print(const struct table *table, bool with_headings, FILE *file);
/* Each row as lines of heading and value, an empty line between two rows. */
void table_print_records(const struct table *table, FILE *file);
void table_free(struct table *table);

#endif
