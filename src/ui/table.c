// SPDX-License-Identifier: GPL-2.0-only
#include "ui/table.h"

#include <stdlib.h>
#include <string.h>

#include "ui/value.h"
#include "util/text.h"

void table_add_column(struct table *table, const char *heading, bool right)
{
	if (table->count == TABLE_COLUMNS)
		return;
	table->columns[table->count].heading = heading;
	table->columns[table->count].right = right;
	table->columns[table->count++].width = strlen(heading);
}

/* Room for size more bytes, NULL when there is none. */
static char *reserve(struct table *table, size_t size)
{
	while (!table->failed && table->room - table->used < size) {
		size_t room = table->room ? 2 * table->room : 4096;
		char *bigger = realloc(table->cells, room);

		table->failed = !bigger;
		if (bigger) {
			table->cells = bigger;
			table->room = room;
		}
	}
	return table->failed ? NULL : table->cells + table->used;
}

void table_put(struct table *table, const char *text)
{
	char *at = reserve(table, TEXT_ESCAPED(strlen(text)));

	if (at)
		table->used = text_escape(at, text) - table->cells;
}

void table_put_number(struct table *table, uint64_t number)
{
	char digits[VALUE_DIGITS];

	table_put(table, value_format_number(number, digits));
}

void table_end_cell(struct table *table)
{
	size_t width;

	if (table->used == table->begin)
		table_put(table, "-");
	if (!reserve(table, 1))
		return;
	width = table->used - table->begin;
	table->cells[table->used++] = '\0';
	table->begin = table->used;
	if (width > table->columns[table->next].width)
		table->columns[table->next].width = width;
	table->next = (table->next + 1) % table->count;
}

static void pad(FILE *file, size_t count)
{
	while (count--)
		putc_unlocked(' ', file);
}

static void print_cell(const struct table *table, unsigned column, const char *text, size_t length,
		       FILE *file)
{
	size_t space = table->columns[column].width - length;
	bool last = column + 1 == table->count;

	if (table->columns[column].right)
		pad(file, space);
	fwrite_unlocked(text, 1, length, file);
	if (!table->columns[column].right && !last)
		pad(file, space);
	putc_unlocked(last ? '\n' : ' ', file);
}

size_t table_width(const struct table *table)
{
	size_t width = table->count - 1;

	for (unsigned i = 0; i < table->count; i++)
		width += table->columns[i].width;
	return width;
}

void table_print(const struct table *table, bool with_headings, FILE *file)
{
	const char *cell = table->cells;

	for (unsigned i = 0; with_headings && i < table->count; i++)
		print_cell(table, i, table->columns[i].heading, strlen(table->columns[i].heading),
			   file);
	for (unsigned i = 0; cell < table->cells + table->begin; i = (i + 1) % table->count) {
		size_t length = strlen(cell);

		print_cell(table, i, cell, length, file);
		cell += length + 1;
	}
}

void table_print_records(const struct table *table, FILE *file)
{
	size_t widest = 0;
	unsigned column = 0;

	for (unsigned i = 0; i < table->count; i++)
		if (strlen(table->columns[i].heading) > widest)
			widest = strlen(table->columns[i].heading);
	for (const char *cell = table->cells; cell < table->cells + table->begin;
	     cell += strlen(cell) + 1) {
		if (!column && cell != table->cells)
			putc_unlocked('\n', file);
		fprintf(file, "%-*s  %s\n", (int)widest, table->columns[column].heading, cell);
		column = (column + 1) % table->count;
	}
}

void table_free(struct table *table)
{
	free(table->cells);
}
