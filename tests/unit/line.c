// SPDX-License-Identifier: GPL-2.0-only
/* Lines of a batch: their limits, and the words in them. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "ui/line.h"

static const struct {
	const char *line;
	int count;
	const char *words[4];
} lines[] = {
	{ "", 0, { NULL } },
	{ "  \t\r", 0, { NULL } },
	{ "# all of it", 0, { NULL } },
	{ "a", 1, { "a" } },
	{ " a\tbc  d\r", 3, { "a", "bc", "d" } },
	{ "a#b #c d", 1, { "a#b" } },
	{ "'a b' \"c d\"", 2, { "a b", "c d" } },
	{ "a'b c'd\"e f\"g", 1, { "ab cde fg" } },
	{ "'' \"\" a", 3, { "", "", "a" } },
	{ "'it''s'", 1, { "its" } },
	{ "'a\"b' \"c'd\"", 2, { "a\"b", "c'd" } },
	{ "a\\ b \\#c \\'", 3, { "a b", "#c", "'" } },
	{ "'a\\b' \"c\\d\" \"e\\\"f\\\\\"", 3, { "a\\b", "c\\d", "e\"f\\" } },
	{ "'a\\\\b' 'c\\\"d'", 2, { "a\\\\b", "c\\\"d" } },
	{ "\\\\", 1, { "\\" } },
	{ "'#' \"#\"", 2, { "#", "#" } },
	{ "'open", -EINVAL, { NULL } },
	{ "a \"open 'b'", -EINVAL, { NULL } },
	{ "a\\", -EINVAL, { NULL } },
	{ "\"a\\", -EINVAL, { NULL } },
	{ "a b c d", 4, { "a", "b", "c", "d" } },
};

static void check_split(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *line = strdup(lines[i].line);
		char **words = calloc(strlen(line) / 2 + 2, sizeof(*words));
		int count = line_split(line, words);
		bool same = count == lines[i].count;

		for (int j = 0; same && j < count; j++)
			same = !strcmp(words[j], lines[i].words[j]);
		check(same && (count < 0 || !words[count]), "split <%s>: %d", lines[i].line, count);
		free(words);
		free(line);
	}
}

/* What reading a file of these bytes gives, one after the other. */
static void check_read(const char *what, const char *bytes, size_t size, const int *results,
		       const char *const *texts)
{
	FILE *file = fmemopen((void *)bytes, size, "r");
	char *line = malloc(LINE_LIMIT + 1);
	int rc;

	for (unsigned i = 0;; i++) {
		rc = line_read(file, line);
		check(rc == results[i] && (rc <= 0 || !strcmp(line, texts[i])), "%s: %u: %d", what,
		      i, rc);
		if (rc != 1 && rc != -EILSEQ)
			break;
	}
	free(line);
	fclose(file);
}

static void check_limits(void)
{
	char *bytes = malloc(LINE_LIMIT + 3), *longest;

	memset(bytes, 'x', LINE_LIMIT + 2);
	bytes[LINE_LIMIT] = '\n';
	bytes[LINE_LIMIT + 1] = 'y';
	bytes[LINE_LIMIT + 2] = '\0';
	longest = strndup(bytes, LINE_LIMIT);
	check_read("the longest", bytes, LINE_LIMIT + 2, (int[]){ 1, 1, 0 },
		   (const char *[]){ longest, "y" });
	bytes[LINE_LIMIT] = 'x';
	check_read("one byte longer", bytes, LINE_LIMIT + 2, (int[]){ -E2BIG }, NULL);
	free(longest);
	free(bytes);
}

int main(void)
{
	FILE *directory = fopen("/", "r");
	char *line = malloc(LINE_LIMIT + 1);

	check_split();
	check_read("lines", "a\n\n b", 5, (int[]){ 1, 1, 1, 0 }, (const char *[]){ "a", "", " b" });
	check_read("a newline last", "a\n", 2, (int[]){ 1, 0 }, (const char *[]){ "a" });
	check_read("a NUL", "a\0b\nc\n\0", 7, (int[]){ -EILSEQ, 1, -EILSEQ, 0 },
		   (const char *[]){ NULL, "c" });
	check_limits();
	check(line_read(directory, line) == -EISDIR, "a directory");
	fclose(directory);
	free(line);
	return check_plan();
}
