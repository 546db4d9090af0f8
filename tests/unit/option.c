// SPDX-License-Identifier: GPL-2.0-only
/* Command lines: which option goes where, what remains, and what a refusal says. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "ui/error.h"
#include "ui/option.h"

struct outer {
	bool quiet;
	const char *place;
};

struct inner {
	unsigned loud;
	struct option_size size;
	struct option_number number;
	struct option_time time;
	struct option_ranges ranges;
	const char *words;
	const char *colour, *colours, *kind;
	bool form, other_form;
};

static const char *colour_name(unsigned index)
{
	static const char *const names[] = { "red", "GREEN", "blue", NULL };

	return names[index];
}

static const struct option_entry outer_table[] = {
	OPT_FLAG(struct outer, quiet, "quiet", 'q', "say nothing"),
	OPT_TEXT(struct outer, place, "place", "WHERE", "where"),
	{ 0 },
};

static const struct option_entry inner_table[] = {
	OPT_COUNT(struct inner, loud, "loud", 'l', "say more"),
	OPT_SIZE(struct inner, size, "size", "BYTES", "how much"),
	OPT_NUMBER(struct inner, number, "number", "N", 3, 70, "how many"),
	OPT_SECONDS(struct inner, time, "time", "SECONDS", "how long"),
	OPT_RANGES(struct inner, ranges, "range", "OFF:LEN", "what"),
	OPT_TEXT_SHORT(struct inner, words, "words", 'w', "TEXT", "which"),
	OPT_CHOICE(struct inner, colour, "colour", 0, "COLOUR", colour_name, "one"),
	OPT_CHOICES(struct inner, colours, "colours", 'c', "COLOUR,...", colour_name, "some"),
	OPT_KIND(struct inner, kind, "kind", "COLOUR[:SHADE]", colour_name, "which"),
	OPT_FORM(struct inner, form, "form", "as a form"),
	OPT_FORM(struct inner, other_form, "other", "as another"),
	{ 0 },
};

#define WORDS 12

/* What becomes of a command line, written down the same way for all. */
static const struct {
	const char *words[WORDS];
	bool in_order;
	const char *wanted;
} lines[] = {
	{ { "a", "b" }, false, "q0 - l0 - - - [] - | a b | 2" },
	{ { NULL }, false, "q0 - l0 - - - [] - | | 0" },
	{ { "-q", "a", "--place", "p", "b" }, false, "q1 p l0 - - - [] - | a b | 2" },
	{ { "--place=p=q", "a" }, false, "q0 p=q l0 - - - [] - | a | 1" },
	{ { "--place=", "a" }, false, "q0  l0 - - - [] - | a | 1" },
	{ { "--place", "-q" }, false, "q0 -q l0 - - - [] - | | 0" },
	{ { "a", "--quiet", "--loud", "-l" }, false, "q1 - l2 - - - [] - | a | 1" },
	{ { "-qlll" }, false, "q1 - l3 - - - [] - | | 0" },
	{ { "-lwtext", "a" }, false, "q0 - l1 - - - [] text | a | 1" },
	{ { "-w", "text", "a" }, false, "q0 - l0 - - - [] text | a | 1" },
	{ { "-w", "one", "--words", "two" }, false, "q0 - l0 - - - [] two | | 0" },
	{ { "a", "--", "-q", "b" }, false, "q0 - l0 - - - [] - | a -q b | 1" },
	{ { "a", "--", "--", "b" }, false, "q0 - l0 - - - [] - | a -- b | 1" },
	{ { "-", "a" }, false, "q0 - l0 - - - [] - | - a | 2" },
	{ { "-q", "a", "-l" }, true, "q1 - l0 - - - [] - | a -l | 2" },
	{ { "--size", "4K" }, false, "q0 - l0 4096 - - [] - | | 0" },
	{ { "--number", "3" }, false, "q0 - l0 - 3 - [] - | | 0" },
	{ { "--number=70" }, false, "q0 - l0 - 70 - [] - | | 0" },
	{ { "--time", "0.25" }, false, "q0 - l0 - - 250000000 [] - | | 0" },
	{ { "--range", "0:1", "--range=2K:4K" }, false, "q0 - l0 - - - [0+1 2048+4096] - | | 0" },
	{ { "--colour", "green", "--colours", "RED,blue" },
	  false,
	  "q0 - l0 - - - [] - GREEN RED,blue | | 0" },
	{ { "-cgreen" }, false, "q0 - l0 - - - [] - - green | | 0" },
	{ { "--colour", "bleu" },
	  false,
	  "2 option --colour: 'bleu': not a valid value; did you mean 'blue'? give one of red, "
	  "GREEN, blue" },
	{ { "--colour", "red,blue" },
	  false,
	  "2 option --colour: 'red,blue': not a valid value; give one of red, GREEN, blue" },
	{ { "--colour", "" },
	  false,
	  "2 option --colour: '': not a valid value; give one of red, GREEN, blue" },
	{ { "--kind", "green:light:er" }, false, "q0 - l0 - - - [] - - - green:light:er | | 0" },
	{ { "--kind", "blue" }, false, "q0 - l0 - - - [] - - - blue | | 0" },
	{ { "--kind", "bleu:red" },
	  false,
	  "2 option --kind: 'bleu:red': not a valid value; did you mean 'blue'? give one of red, "
	  "GREEN, blue" },
	{ { "--colours", "red,,blue" },
	  false,
	  "2 option --colours: 'red,,blue': '' is not a valid value; give some of red, GREEN, blue" },
	{ { "--colours", "red," },
	  false,
	  "2 option --colours: 'red,': '' is not a valid value; give some of red, GREEN, blue" },
	{ { "-c", "redd,blue" },
	  false,
	  "2 option --colours: 'redd,blue': 'redd' is not a valid value; did you mean 'red'? give "
	  "some of red, GREEN, blue" },
	{ { "--number", "2" },
	  false,
	  "2 option --number: '2': the number is out of bounds; give a whole number from 3 to 70" },
	{ { "--number", "71" },
	  false,
	  "2 option --number: '71': the number is out of bounds; give a whole number from 3 to 70" },
	{ { "--number", "4K" },
	  false,
	  "2 option --number: '4K': not a valid value; give a whole number from 3 to 70" },
	{ { "--time", "1h" },
	  false,
	  "2 option --time: '1h': not a valid value; give seconds from 0 to 1000000000, such as 5 or "
	  "0.25" },
	{ { "--size", "x" },
	  false,
	  "2 option --size: 'x': not a valid value; give bytes, such as 4096, 0x1000, 4K, 16M or 1G" },
	{ { "--size", "99999999999T" },
	  false,
	  "2 option --size: '99999999999T': the number is too large; give bytes, such as 4096, "
	  "0x1000, 4K, 16M or 1G" },
	{ { "--range", "4K" },
	  false,
	  "2 option --range: '4K': not a valid value; give OFFSET:LENGTH in bytes, such as 0x1000:4K "
	  "or 0:16M" },
	{ { "--frob" }, false, "2 unknown option '--frob'; --help lists them" },
	{ { "--qui" },
	  false,
	  "2 unknown option '--qui'; did you mean '--quiet'? --help lists them" },
	{ { "-qx" }, false, "2 unknown option '-qx'; --help lists them" },
	{ { "--quiet=yes" }, false, "2 option --quiet: 'yes': it takes no value" },
	{ { "a", "--place" }, false, "2 option --place: its value WHERE is missing" },
	{ { "-lw" }, false, "2 option -w: its value TEXT is missing" },
};

static void put_optional(FILE *file, bool given, uint64_t value)
{
	if (given)
		fprintf(file, " %llu", (unsigned long long)value);
	else
		fputs(" -", file);
}

static void describe(FILE *file, const struct outer *outer, const struct inner *inner)
{
	fprintf(file, "q%d %s l%u", outer->quiet, outer->place ? outer->place : "-", inner->loud);
	put_optional(file, inner->size.given, inner->size.value);
	put_optional(file, inner->number.given, inner->number.value);
	put_optional(file, inner->time.given, inner->time.ns);
	fputs(" [", file);
	for (unsigned i = 0; i < inner->ranges.count; i++)
		fprintf(file, "%s%llu+%llu", i ? " " : "",
			(unsigned long long)inner->ranges.items[i].offset,
			(unsigned long long)inner->ranges.items[i].length);
	fprintf(file, "] %s", inner->words ? inner->words : "-");
	if (inner->colour || inner->colours || inner->kind)
		fprintf(file, " %s %s", inner->colour ? inner->colour : "-",
			inner->colours ? inner->colours : "-");
	if (inner->kind)
		fprintf(file, " %s", inner->kind);
	fputs(" |", file);
}

/* What fail_print() says, behind the status. */
static void describe_failure(FILE *file, enum status status)
{
	char *text = NULL;
	size_t size;
	FILE *message = open_memstream(&text, &size);

	fail_print(message, NULL);
	fclose(message);
	fprintf(file, "%d %.*s", status, (int)strcspn(text + strlen("dmabufctl: "), "\n"),
		text + strlen("dmabufctl: "));
	free(text);
}

static void check_line(const char *const *words, bool in_order, const char *wanted)
{
	char *argv[WORDS + 2] = { (char *)"program" }, *text = NULL;
	struct outer outer = { 0 };
	struct inner inner = { 0 };
	struct option_set sets[2] = { { outer_table, &outer }, { inner_table, &inner } };
	int argc = 1, dashes;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	enum status status;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	status = options_parse(sets, &argc, argv, in_order, &dashes);
	if (status) {
		describe_failure(file, status);
	} else {
		describe(file, &outer, &inner);
		for (int i = 1; i < argc; i++)
			fprintf(file, " %s", argv[i]);
		fprintf(file, " | %d", dashes);
	}
	options_free(&sets[1]);
	fclose(file);
	check(!strcmp(text, wanted), "'%s' is '%s'", text, wanted);
	check(status || !argv[argc], "NULL follows the last");
	free(text);
}

static const char usage[] = "  -l, --loud                say more\n"
			    "  --size BYTES              how much\n"
			    "  --number N                how many\n"
			    "  --time SECONDS            how long\n"
			    "  --range OFF:LEN           what\n"
			    "  -w, --words TEXT          which\n"
			    "  --colour COLOUR           one\n"
			    "  -c, --colours COLOUR,...  some\n"
			    "  --kind COLOUR[:SHADE]     which\n"
			    "  --form                    as a form\n"
			    "  --other                   as another\n";

static const char list[] =
	"--loud\n-l\n--size\n--number\n--time\n--range\n--words\n-w\n--colour\n--colours\n-c\n--kind\n--form\n--other\n";

static void check_print(void print(FILE *, const struct option_entry *), const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	print(file, inner_table);
	print(file, NULL);
	fclose(file);
	check(!strcmp(text, wanted), "the table, printed: %zu bytes", size);
	free(text);
}

static void check_forms(void)
{
	struct inner none = { 0 }, one = { .form = true },
		     two = { .form = true, .other_form = true };
	struct option_set sets[] = { { inner_table, &none },
				     { inner_table, &one },
				     { inner_table, &two } };

	check(!options_check_forms(&sets[0], false), "no form");
	check(!options_check_forms(&sets[0], true), "JSON alone");
	check(!options_check_forms(&sets[1], false), "one form");
	check(options_check_forms(&sets[1], true) == STATUS_USAGE, "one form and JSON");
	check(!strcmp(fail_reason(), "it does not go with --json: the output has one form"),
	      "one form and JSON: why");
	check(options_check_forms(&sets[2], false) == STATUS_USAGE, "two forms");
	check(!strcmp(fail_reason(), "it does not go with --form: the output has one form"),
	      "two forms: why");
	fail_forget();
}

int main(void)
{
	check_forms();
	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		check_line(lines[i].words, lines[i].in_order, lines[i].wanted);
	check_print(options_print, usage);
	check_print(options_list, list);
	return check_plan();
}
