// SPDX-License-Identifier: GPL-2.0-only
#include "ui/line.h"

#include <errno.h>
#include <stdbool.h>

int line_read(FILE *file, char line[LINE_LIMIT + 1])
{
	size_t used = 0;
	bool nul = false;
	int c;

	errno = 0;
	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		if (used == LINE_LIMIT)
			return -E2BIG;
		nul |= !c;
		line[used++] = c;
	}
	if (ferror(file))
		return errno ? -errno : -EIO;
	if (c == EOF && !used)
		return 0;
	line[used] = '\0';
	return nul ? -EILSEQ : 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Whether the backslash makes an ordinary character of the next. */
static bool is_escape(const char *in, char quote)
{
	return *in == '\\' && quote != '\'' && (!quote || in[1] == '"' || in[1] == '\\');
}

/* Takes the word that begins at *in, and writes it from *out on. */
static int take_word(char **in, char **out)
{
	char quote = 0;

	for (; **in && (quote || !is_blank(**in)); ++*in) {
		if (is_escape(*in, quote)) {
			if (!*++*in)
				return -EINVAL;
			*(*out)++ = **in;
		} else if (quote ? **in == quote : **in == '\'' || **in == '"') {
			quote = quote ? 0 : **in;
		} else {
			*(*out)++ = **in;
		}
	}
	return quote ? -EINVAL : 0;
}

int line_split(char *line, char **words)
{
	char *in = line, *out = line;
	int count = 0;

	for (;;) {
		while (is_blank(*in))
			in++;
		if (!*in || *in == '#')
			break;
		words[count++] = out;
		if (take_word(&in, &out))
			return -EINVAL;
		/* The terminator may fall on the blank that ended the word: step past it first. */
		if (*in)
			in++;
		*out++ = '\0';
	}
	words[count] = NULL;
	return count;
}
