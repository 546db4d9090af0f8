// SPDX-License-Identifier: GPL-2.0-only
/* Results as JSON and as tables: what is shown of them, in which order, and how. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "ui/output.h"

static const struct column thing_columns[] = {
	{ "NAME", "name", COLUMN_TEXT, "name" },
	{ "COUNT", "count", COLUMN_NUMBER, "how many" },
	{ "SIZE", "size", COLUMN_SIZE, "bytes" },
	{ "TAGS", "tags", COLUMN_LIST, "which" },
	{ "RANGES", "ranges", COLUMN_RANGES, "where" },
	{ "TIME", "time", COLUMN_TIME, "when" },
	{ "MORE", "more", COLUMN_TEXT | COLUMN_VERBOSE, "for who wants it" },
	{ 0 },
};

static const struct column part_columns[] = {
	{ "NAME", "name", COLUMN_TEXT, "of the thing" },
	{ "PART", "part", COLUMN_NUMBER, "number" },
	{ "OK", "ok", COLUMN_TEXT, "whether" },
	{ "RATIO", "ratio", COLUMN_PERCENT, "of two" },
	{ "BINS", "bins", COLUMN_BINS, "how they lie" },
	{ 0 },
};

static const struct section one[] = {
	{ .key = "things", .empty = "no things", .columns = thing_columns }, { 0 }
};
static const struct section two[] = {
	{ .key = "things", .title = "Things", .empty = "no things", .columns = thing_columns },
	{ .key = "parts", .title = "Parts", .columns = part_columns, .within = "things" },
	{ .key = "notes", .columns = part_columns },
	{ 0 },
};
static const struct section tree[] = {
	{ .key = "things", .columns = thing_columns, .children = "parts" }, { 0 }
};

#define FIRST                                                                         \
	"{\"name\":\"a\",\"count\":7,\"size\":4096,\"tags\":[\"x\",\"y\"],"           \
	"\"ranges\":[{\"offset\":4096,\"length\":8192},{\"offset\":0,\"length\":5}]," \
	"\"time\":1250,\"more\":\"m\",\"parts\":[{\"part\":1,\"ok\":true},{\"part\":2,\"ok\":false}]}"
#define SECOND                                                                  \
	"{\"name\":null,\"count\":null,\"size\":0,\"tags\":[],\"ranges\":null," \
	"\"time\":null,\"more\":null,\"parts\":[{\"part\":3,\"ok\":null}]}"

static const struct {
	const char *result;
	const struct section *sections;
	bool verbose;
	const char *choice;
	const char *wanted;
} table[] = {
	{ "{\"things\":[" FIRST "," SECOND "]}", one, false, NULL,
	  "NAME COUNT SIZE TAGS RANGES            TIME\n"
	  "a        7   4K x,y  0x1000+8K,0x0+5 1.2 us\n"
	  "-        -    0 -    -                    -\n" },
	{ "{\"things\":[" FIRST "]}", one, true, NULL,
	  "NAME COUNT SIZE TAGS RANGES            TIME MORE\n"
	  "a        7   4K x,y  0x1000+8K,0x0+5 1.2 us m\n" },
	{ "{\"things\":[" FIRST "," SECOND "]}", one, false, "more,Count,NAME",
	  "MORE COUNT NAME\nm        7 a\n-        - -\n" },
	/* What the rows do not have at all is no column. */
	{ "{\"things\":[{\"name\":\"a\",\"count\":1}]}", one, false, NULL,
	  "NAME COUNT\na        1\n" },
	{ "{\"things\":[]}", one, false, NULL, "no things\n" },
	{ "{\"others\":[]}", one, false, NULL, "" },
	/* One object is a row. */
	{ "{\"things\":{\"name\":\"only\",\"count\":18446744073709551615}}", one, false, NULL,
	  "NAME                COUNT\nonly 18446744073709551615\n" },
	{ "{\"things\":[{\"name\":\"a\",\"parts\":[{\"part\":1,\"ok\":true}]},"
	  "{\"name\":\"b\",\"parts\":[{\"part\":2,\"ok\":false},{\"part\":3,\"ok\":true}]}]}",
	  two, false, NULL,
	  "Things\nNAME\na\nb\n\nParts\nNAME PART OK\na       1 true\nb       2 false\nb       3 true\n" },
	{ "{\"things\":[{\"name\":\"a\",\"parts\":[]}]}", two, false, NULL, "Things\nNAME\na\n" },
	/* One sample of a thousand is seen, and only what has none is blank. */
	{ "{\"notes\":[{\"ratio\":95,\"bins\":[{\"samples\":1},{\"samples\":0},{\"samples\":1000},"
	  "{\"samples\":400},{\"samples\":2}]},{\"ratio\":1234,\"bins\":[]}]}",
	  two, false, NULL, "RATIO BINS\n  95% [. #-.]\n1234% []\n" },
	/* A section without a title goes with the one above. */
	{ "{\"things\":[{\"name\":\"a\"}],\"notes\":{\"part\":9}}", two, false, NULL,
	  "Things\nNAME\na\nPART\n   9\n" },
	/* What does not print is escaped. */
	{ "{\"things\":[{\"name\":\"a\\nb\\u001b\"}]}", one, false, NULL, "NAME\na\\x0ab\\x1b\n" },
	{ "{\"things\":[{\"name\":\"a\",\"parts\":[{\"name\":\"p\",\"count\":1},{\"name\":\"q\"}]}]}",
	  tree, false, NULL,
	  "NAME COUNT SIZE TAGS RANGES TIME\n"
	  "a        -    - -    -         -\n"
	  "|-p      1    - -    -         -\n"
	  "`-q      -    - -    -         -\n" },
};

/* Rows that are made one by one: of both kinds. */
static const char *const made[] = { FIRST, SECOND };

static json_object *make(void *state, size_t row)
{
	(void)state;
	return json_tokener_parse(made[row]);
}

static struct attribute attribute(void *state, size_t row, unsigned column)
{
	(void)state;
	if (row)
		return (struct attribute){ .type = ATTRIBUTE_NONE };
	switch (column) {
	case 0:
		return (struct attribute){ .type = ATTRIBUTE_TEXT, .text = "a\tb" };
	case 1:
		return (struct attribute){ .type = ATTRIBUTE_NUMBER, .number = 7 };
	case 2:
		return (struct attribute){ .type = ATTRIBUTE_NUMBER, .number = 3 << 20 };
	default:
		return (struct attribute){ .type = ATTRIBUTE_NONE };
	}
}

/* What was printed meanwhile, into text. */
static void capture(void (*print)(const void *arg), const void *arg, char *text, size_t size)
{
	int real_stdout;
	FILE *file = tmpfile();
	size_t got;

	fflush(stdout);
	real_stdout = dup(1);
	dup2(fileno(file), 1);
	print(arg);
	fflush(stdout);
	dup2(real_stdout, 1);
	close(real_stdout);
	rewind(file);
	got = fread(text, 1, size - 1, file);
	text[got] = '\0';
	fclose(file);
}

struct printing {
	const char *result;
	const struct output_rows *rows;
	const struct section *sections;
	bool json;
	struct output_style style;
};

static void print(const void *arg)
{
	static const struct output_rows none;
	const struct printing *printing = arg;
	json_object *result = json_tokener_parse(printing->result);

	if (printing->json)
		output_json(result, printing->rows);
	else
		output_tables(result, printing->rows ? printing->rows : &none, printing->sections,
			      &printing->style);
	json_object_put(result);
}

static void check_print(const struct printing *printing, const char *wanted, const char *what)
{
	char text[4096];

	capture(print, printing, text, sizeof(text));
	check(!strcmp(text, wanted), "%s", what);
	if (strcmp(text, wanted))
		printf("# got:\n%s# wanted:\n%s", text, wanted);
}

int main(void)
{
	const struct output_rows rows = { .key = "things", .count = 2, .make = make };
	const struct output_rows attributes = {
		.key = "things", .count = 2, .make = make, .attribute = attribute
	};
	const struct output_rows no_rows = {
		.key = "things", .count = 0, .make = make, .attribute = attribute
	};
	struct printing printing;

	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		printing = (struct printing){ .result = table[i].result,
					      .sections = table[i].sections,
					      .style.verbose = table[i].verbose,
					      .style.choice = table[i].choice };
		check_print(&printing, table[i].wanted, table[i].result);
	}
	printing = (struct printing){
		.result = "{\"things\":[{\"name\":\"a\",\"parts\":[{\"part\":1}]}]}",
		.sections = two,
		.style.bare = true
	};
	check_print(&printing, "a\na       1\n", "without headings and titles");
	printing = (struct printing){ .result = "{\"a\":1,\"path\":\"/x\"}", .json = true };
	check_print(&printing, "{\"a\":1,\"path\":\"/x\"}\n", "JSON: a line");
	printing.rows = &rows;
	check_print(&printing, "{\"a\":1,\"path\":\"/x\",\"things\":[" FIRST "," SECOND "]}\n",
		    "JSON: with rows that are made");
	printing.rows = &no_rows;
	check_print(&printing, "{\"a\":1,\"path\":\"/x\",\"things\":[]}\n", "JSON: without a row");
	printing = (struct printing){ .result = "{\"a\":1}", .rows = &rows, .sections = one };
	check_print(&printing,
		    "NAME COUNT SIZE TAGS RANGES            TIME\n"
		    "a        7   4K x,y  0x1000+8K,0x0+5 1.2 us\n"
		    "-        -    0 -    -                    -\n",
		    "a table of rows that are made");
	printing.rows = &attributes;
	printing.style.choice = "size,name,count";
	check_print(&printing, "SIZE NAME   COUNT\n  3M a\\x09b     7\n   - -          -\n",
		    "a table of attributes, chosen");
	printing.rows = &no_rows;
	printing.style.choice = NULL;
	check_print(&printing, "no things\n", "a table of no attributes");
	return check_plan();
}
