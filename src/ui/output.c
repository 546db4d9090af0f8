// SPDX-License-Identifier: GPL-2.0-only
#include "ui/output.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ui/table.h"
#include "util/json.h"
#include "util/range.h"

static const char *to_text(json_object *object)
{
	return json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void print_element(json_object *row, void *arg)
{
	const char **between = arg;

	fputs(*between, stdout);
	fputs(to_text(row), stdout);
	*between = ",";
}

void output_json(json_object *result, const struct output_rows *rows)
{
	const char *between = "{";

	json_object_object_foreach(result, key, value)
	{
		printf("%s\"%s\":%s", between, key, to_text(value));
		between = ",";
	}
	if (rows && rows->make) {
		printf("%s\"%s\":[", between, rows->key);
		between = "";
		output_each_row(rows, print_element, &between);
		putchar(']');
	}
	puts("}");
}

void output_each_row(const struct output_rows *rows, void (*show)(json_object *row, void *arg),
		     void *arg)
{
	for (size_t i = 0; i < rows->count; i++) {
		json_object *row = rows->make(rows->state, i);

		show(row, arg);
		json_object_put(row);
	}
}

static void put_bytes_of(struct table *table, uint64_t size)
{
	char unit[2];

	table_put_number(table, size_in_unit(size, unit));
	table_put(table, unit);
}

static void put_size(struct table *table, json_object *size)
{
	put_bytes_of(table, json_object_get_uint64(size));
}

static void put_ranges(struct table *table, json_object *ranges)
{
	const char *between = "";

	for_each_row(row, ranges)
	{
		struct range range = { number_of(row, "offset"), number_of(row, "length") };
		char text[RANGE_TEXT];

		range_format(&range, text);
		table_put(table, between);
		table_put(table, text);
		between = ",";
	}
}

static void put_list(struct table *table, json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		if (i)
			table_put(table, ",");
		table_put(table, json_object_get_string(json_object_array_get_idx(list, i)));
	}
}

static void put_time(struct table *table, json_object *time)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f us", json_object_get_uint64(time) / 1000.0);
	table_put(table, text);
}

static void put_plain(struct table *table, json_object *value)
{
	if (json_object_is_type(value, json_type_int))
		table_put_number(table, json_object_get_uint64(value));
	else
		table_put(table, json_object_get_string(value));
}

static void put_percent(struct table *table, json_object *percent)
{
	table_put_number(table, json_object_get_uint64(percent));
	table_put(table, "%");
}

/* By its share of the fullest; one that has a sample is never blank. */
static char shade(uint64_t samples, uint64_t most)
{
	static const char shades[] = " .:-=+*#";
	const uint64_t darkest = sizeof(shades) - 2;

	return most ? shades[(samples * darkest + most - 1) / most] : *shades;
}

static void put_bins(struct table *table, json_object *bins)
{
	uint64_t most = 0;

	for_each_row(bin, bins) {
		uint64_t samples = number_of(bin, "samples");

		most = samples > most ? samples : most;
	}
	table_put(table, "[");
	for_each_row(bin, bins)
		table_put(table, (const char[]){ shade(number_of(bin, "samples"), most), '\0' });
	table_put(table, "]");
}

static void (*const put_cell[])(struct table *table, json_object *value) = {
	[COLUMN_TEXT] = put_plain,	[COLUMN_NUMBER] = put_plain,  [COLUMN_SIZE] = put_size,
	[COLUMN_LIST] = put_list,	[COLUMN_RANGES] = put_ranges, [COLUMN_TIME] = put_time,
	[COLUMN_PERCENT] = put_percent, [COLUMN_BINS] = put_bins,
};

static json_object *look_up(json_object *row, json_object *parent, const char *key)
{
	json_object *value;

	if (json_object_object_get_ex(row, key, &value))
		return value;
	return parent ? json_object_object_get(parent, key) : NULL;
}

/* A table of one section. What is for -v only, and what its rows do not have, is left out. */
struct sheet {
	struct table table;
	const struct column *columns;
	const char *children;
	const struct output_style *style;
	bool started;
	const struct column *shown[TABLE_COLUMNS]; /* set by the first row */
};

static bool is_to_the_right(unsigned type)
{
	type &= ~COLUMN_VERBOSE;
	return type == COLUMN_NUMBER || type == COLUMN_SIZE || type == COLUMN_TIME ||
	       type == COLUMN_PERCENT;
}

static bool is_there(json_object *row, json_object *parent, const char *key)
{
	return json_object_object_get_ex(row, key, NULL) ||
	       (parent && json_object_object_get_ex(parent, key, NULL));
}

static void show(struct sheet *sheet, const struct column *column)
{
	if (sheet->table.count == TABLE_COLUMNS)
		return;
	sheet->shown[sheet->table.count] = column;
	table_add_column(&sheet->table, column->heading, is_to_the_right(column->type));
}

static void add_chosen(struct sheet *sheet)
{
	for (const char *word = sheet->style->choice; *word; word += *word == ',') {
		size_t length = strcspn(word, ",");

		for (const struct column *column = sheet->columns; column->heading; column++)
			if (strlen(column->heading) == length &&
			    !strncasecmp(column->heading, word, length))
				show(sheet, column);
		word += length;
	}
}

/* row: NULL when it has all of them. */
static void add_columns(struct sheet *sheet, json_object *row, json_object *parent)
{
	sheet->started = true;
	if (sheet->style->choice) {
		add_chosen(sheet);
		return;
	}
	for (const struct column *column = sheet->columns; column->heading; column++)
		if ((sheet->style->verbose || !(column->type & COLUMN_VERBOSE)) &&
		    (!row || sheet->children || is_there(row, parent, column->key)))
			show(sheet, column);
}

/* branch: what a tree has before its first cell. */
static void add_row(struct sheet *sheet, json_object *row, json_object *parent, const char *branch)
{
	if (!sheet->started)
		add_columns(sheet, row, parent);
	table_put(&sheet->table, branch);
	for (unsigned i = 0; i < sheet->table.count; i++) {
		json_object *value = look_up(row, parent, sheet->shown[i]->key);

		if (value)
			put_cell[sheet->shown[i]->type & ~COLUMN_VERBOSE](&sheet->table, value);
		table_end_cell(&sheet->table);
	}
	if (!sheet->children)
		return;
	for_each_row(child, json_object_object_get(row, sheet->children))
		add_row(sheet, child, NULL, child_i + 1 < child_n ? "|-" : "`-");
}

static void add_made_row(json_object *row, void *arg)
{
	add_row(arg, row, NULL, "");
}

static void add_attributes(struct sheet *sheet, const struct output_rows *rows, size_t row)
{
	if (!sheet->started)
		add_columns(sheet, NULL, NULL);
	for (unsigned i = 0; i < sheet->table.count; i++) {
		const struct column *column = sheet->shown[i];
		struct attribute attribute =
			rows->attribute(rows->state, row, column - sheet->columns);

		if (attribute.type == ATTRIBUTE_TEXT)
			table_put(&sheet->table, attribute.text);
		else if (attribute.type == ATTRIBUTE_NUMBER && column->type == COLUMN_SIZE)
			put_bytes_of(&sheet->table, attribute.number);
		else if (attribute.type == ATTRIBUTE_NUMBER)
			table_put_number(&sheet->table, attribute.number);
		table_end_cell(&sheet->table);
	}
}

static void add_made_rows(struct sheet *sheet, const struct output_rows *rows)
{
	if (!rows->attribute)
		output_each_row(rows, add_made_row, sheet);
	for (size_t i = 0; rows->attribute && i < rows->count; i++)
		add_attributes(sheet, rows, i);
}

/* One object is a row of its own. */
static void add_array(struct sheet *sheet, json_object *rows, json_object *parent)
{
	if (json_object_is_type(rows, json_type_object)) {
		add_row(sheet, rows, parent, "");
		return;
	}
	for_each_row(row, rows) add_row(sheet, row, parent, "");
}

static void add_rows(struct sheet *sheet, json_object *result, const struct section *section)
{
	if (!section->within) {
		add_array(sheet, json_object_object_get(result, section->key), NULL);
		return;
	}
	for_each_row(outer, json_object_object_get(result, section->within))
		add_array(sheet, json_object_object_get(outer, section->key), outer);
}

/* Columns of the terminal that the output goes to, 0 when it goes to none. */
static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col ? size.ws_col : 80;
}

/* A tree has branches that only a table shows. */
static void print_sheet(const struct sheet *sheet)
{
	size_t width = sheet->children || sheet->style->bare ? 0 : terminal_width();

	if (width && table_width(&sheet->table) > width)
		table_print_records(&sheet->table, stdout);
	else
		table_print(&sheet->table, !sheet->style->bare, stdout);
}

void output_tables(json_object *result, const struct output_rows *rows,
		   const struct section *sections, const struct output_style *style)
{
	bool titled = sections[0].key && sections[1].key, first = true;

	for (const struct section *section = sections; section->key; section++) {
		struct sheet sheet = {
			.columns = section->columns,
			.children = section->children,
			.style = style,
		};
		bool made = rows->make && !strcmp(rows->key, section->key);

		if (made)
			add_made_rows(&sheet, rows);
		else
			add_rows(&sheet, result, section);
		if (sheet.table.count) {
			if (titled && section->title && !style->bare)
				printf("%s%s\n", first ? "" : "\n", section->title);
			print_sheet(&sheet);
			first = false;
		} else if (section->empty && !sheet.started &&
			   (made || json_object_object_get_ex(result, section->key, NULL))) {
			puts(section->empty);
		}
		table_free(&sheet.table);
	}
}
