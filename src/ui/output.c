// SPDX-License-Identifier: GPL-2.0-only
#include "ui/output.h"

#include <libsmartcols.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/value.h"
#include "util/json.h"

void output_json(json_object *result)
{
	puts(json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void format_ranges(FILE *cell, json_object *ranges)
{
	for (size_t i = 0; i < json_object_array_length(ranges); i++) {
		json_object *range = json_object_array_get_idx(ranges, i);
		char length[24];

		value_format_size(json_object_get_uint64(json_object_object_get(range, "length")),
				  length, sizeof(length));
		fprintf(cell, "%s0x%llx+%s", i ? "," : "",
			(unsigned long long)json_object_get_uint64(
				json_object_object_get(range, "offset")),
			length);
	}
}

static void format_list(FILE *cell, json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		fprintf(cell, "%s%s", i ? "," : "",
			json_object_get_string(json_object_array_get_idx(list, i)));
}

/* The cell's text, malloc'd; "-" for what is not known. */
static char *format_cell(json_object *value, unsigned type)
{
	char *text = NULL, size_text[24];
	size_t size;
	FILE *cell = open_memstream(&text, &size);

	if (!cell)
		return NULL;
	switch (value ? type & ~COLUMN_VERBOSE : COLUMN_TEXT) {
	case COLUMN_SIZE:
		value_format_size(json_object_get_uint64(value), size_text, sizeof(size_text));
		fputs(size_text, cell);
		break;
	case COLUMN_TIME:
		fprintf(cell, "%.1f us", json_object_get_uint64(value) / 1000.0);
		break;
	case COLUMN_RANGES:
		format_ranges(cell, value);
		break;
	case COLUMN_LIST:
		format_list(cell, value);
		break;
	case COLUMN_TEXT:
	case COLUMN_NUMBER:
		fputs(value ? json_object_get_string(value) : "-", cell);
		break;
	}
	fclose(cell);
	if (text && !*text) {
		free(text);
		text = strdup("-");
	}
	return text;
}

static json_object *look_up(json_object *row, json_object *parent, const char *key)
{
	json_object *value;

	if (json_object_object_get_ex(row, key, &value))
		return value;
	return parent ? json_object_object_get(parent, key) : NULL;
}

/* A table of one section. What is for -v only, and what its rows do not have, is left out. */
struct sheet {
	struct libscols_table *table;
	const struct column *columns;
	const char *children;
	const char *choice;
	bool verbose;
	bool started;
	const struct column *shown[32]; /* set by the first row */
	unsigned count;
};

static bool is_to_the_right(unsigned type)
{
	type &= ~COLUMN_VERBOSE;
	return type == COLUMN_NUMBER || type == COLUMN_SIZE || type == COLUMN_TIME;
}

static bool is_there(json_object *row, json_object *parent, const char *key)
{
	return json_object_object_get_ex(row, key, NULL) ||
	       (parent && json_object_object_get_ex(parent, key, NULL));
}

static void show(struct sheet *sheet, const struct column *column)
{
	int flags = is_to_the_right(column->type) ? SCOLS_FL_RIGHT : 0;

	if (!sheet->count && sheet->children)
		flags = SCOLS_FL_TREE;
	scols_table_new_column(sheet->table, column->heading, 0, flags);
	sheet->shown[sheet->count++] = column;
}

static void add_chosen(struct sheet *sheet)
{
	for (const char *word = sheet->choice; *word; word += *word == ',') {
		size_t length = strcspn(word, ",");

		for (const struct column *column = sheet->columns; column->heading; column++)
			if (strlen(column->heading) == length &&
			    !strncasecmp(column->heading, word, length))
				show(sheet, column);
		word += length;
	}
}

static void add_columns(struct sheet *sheet, json_object *row, json_object *parent)
{
	sheet->started = true;
	if (sheet->choice) {
		add_chosen(sheet);
		return;
	}
	for (const struct column *column = sheet->columns; column->heading; column++)
		if ((sheet->verbose || !(column->type & COLUMN_VERBOSE)) &&
		    is_there(row, parent, column->key))
			show(sheet, column);
}

static void add_row(struct sheet *sheet, json_object *row, json_object *parent,
		    struct libscols_line *above)
{
	struct libscols_line *line;

	if (!sheet->started)
		add_columns(sheet, row, parent);
	line = scols_table_new_line(sheet->table, above);
	for (unsigned i = 0; line && i < sheet->count; i++)
		scols_line_refer_data(line, i,
				      format_cell(look_up(row, parent, sheet->shown[i]->key),
						  sheet->shown[i]->type));
	if (!line || !sheet->children)
		return;
	for_each_row(child, json_object_object_get(row, sheet->children))
		add_row(sheet, child, NULL, line);
}

/* Rows may be one object, an array, or the arrays inside each row of an array. */
static void add_rows(struct sheet *sheet, json_object *outer, json_object *parent, const char *path)
{
	const char *slash = strchr(path, '/');
	char key[32];
	json_object *rows;

	snprintf(key, sizeof(key), "%.*s", (int)strcspn(path, "/>"), path);
	rows = json_object_object_get(outer, key);
	if (json_object_is_type(rows, json_type_object)) {
		add_row(sheet, rows, parent, NULL);
		return;
	}
	for (size_t i = 0; rows && i < json_object_array_length(rows); i++) {
		json_object *row = json_object_array_get_idx(rows, i);

		if (slash)
			add_rows(sheet, row, row, slash + 1);
		else
			add_row(sheet, row, parent, NULL);
	}
}

void output_tables(json_object *result, const struct section *sections, bool verbose,
		   const char *choice)
{
	bool titled = sections[0].key && sections[1].key, first = true;

	for (const struct section *section = sections; section->key; section++) {
		struct sheet sheet = {
			.table = scols_new_table(),
			.columns = section->columns,
			.children = strchr(section->key, '>') ? strchr(section->key, '>') + 1 :
								NULL,
			.choice = choice,
			.verbose = verbose,
		};

		if (!sheet.table)
			return;
		add_rows(&sheet, result, NULL, section->key);
		if (sheet.count) {
			if (titled && section->title)
				printf("%s%s\n", first ? "" : "\n", section->title);
			scols_print_table(sheet.table);
			first = false;
		} else if (section->empty && !sheet.started &&
			   json_object_object_get_ex(result, section->key, NULL)) {
			puts(section->empty);
		}
		scols_unref_table(sheet.table);
	}
}
