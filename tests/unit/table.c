// SPDX-License-Identifier: GPL-2.0-only
/* Columns line up, and no text breaks a line. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "ui/table.h"

static const char *const cells[][2] = {
	{ "a", "1" },
	{ "", "1234567" },
	{ "a\nb\x1b[31m\\", "\xc3\xa9" },
};

static const char wanted[] = "NAME                  COUNT\n"
			     "a                         1\n"
			     "-                   1234567\n"
			     "a\\x0ab\\x1b[31m\\x5c \\xc3\\xa9\n";

static const char records[] = "NAME   a\n"
			      "COUNT  1\n"
			      "\n"
			      "NAME   -\n"
			      "COUNT  1234567\n"
			      "\n"
			      "NAME   a\\x0ab\\x1b[31m\\x5c\n"
			      "COUNT  \\xc3\\xa9\n";

static void check_print(const struct table *table, bool as_records, const char *expected,
			const char *what)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (as_records)
		table_print_records(table, file);
	else
		table_print(table, false, file);
	fclose(file);
	check(!strcmp(text, expected), "%s", what);
	free(text);
}

int main(void)
{
	struct table table = { 0 };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	table_add_column(&table, "NAME", false);
	table_add_column(&table, "COUNT", true);
	for (unsigned i = 0; i < sizeof(cells) / sizeof(*cells); i++)
		for (unsigned j = 0; j < 2; j++) {
			table_put(&table, cells[i][j]);
			table_end_cell(&table);
		}
	table_print(&table, true, file);
	fclose(file);
	check(!strcmp(text, wanted), "aligned, and escaped");
	check(table_width(&table) == strlen("a\\x0ab\\x1b[31m\\x5c \\xc3\\xa9"), "its width");
	check_print(&table, false, strchr(wanted, '\n') + 1, "without headings");
	check_print(&table, true, records, "as records");
	table_put_number(&table, UINT64_MAX);
	table_end_cell(&table);
	check(!strcmp(table.cells + table.begin - 21, "18446744073709551615"), "a large number");
	for (unsigned i = 0; i < 9999; i++) {
		table_put(&table, "some text that needs room");
		table_end_cell(&table);
	}
	check(table.used == table.begin && table.next == 0, "many cells");
	table_free(&table);
	free(text);
	return check_plan();
}
