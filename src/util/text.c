// SPDX-License-Identifier: GPL-2.0-only
#include "util/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

bool text_lists(const char *list, const char *word)
{
	const size_t length = strlen(word);

	while (strcspn(list, ",") != length || strncasecmp(list, word, length)) {
		list = strchr(list, ',');
		if (!list++)
			return false;
	}
	return true;
}

/* A backslash too is written as a number: a name may look like one. */
static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '\\';
}

char *text_escape(char *to, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (; *text; text++) {
		unsigned char byte = *text;

		if (is_plain(*text)) {
			*to++ = *text;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[byte >> 4];
		*to++ = digits[byte & 15];
	}
	*to = '\0';
	return to;
}

void text_print(FILE *stream, const char *text)
{
	for (; *text; text++) {
		char one[] = { *text, '\0' }, escaped[TEXT_ESCAPED(1)];

		text_escape(escaped, one);
		fputs(escaped, stream);
	}
}

void text_print_quoted(FILE *stream, const char *text)
{
	for (; *text; text++) {
		if (!is_plain(*text) || *text == '"')
			putc('\\', stream);
		text_print(stream, (const char[]){ *text, '\0' });
	}
}

void text_join(char *text, size_t size, const char *between, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	if (used)
		used += snprintf(text + used, size - used, "%s", between);
	if (used >= size)
		return;
	va_start(args, format);
	vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

/* The second byte tells what is overlong, a surrogate, or beyond U+10FFFF (RFC 3629). */
static bool is_second(unsigned char first, unsigned char second)
{
	unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= least && second <= most;
}

size_t text_character(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = *byte < 0x80		      ? 1 :
			*byte >= 0xc2 && *byte < 0xe0 ? 2 :
			*byte >= 0xe0 && *byte < 0xf0 ? 3 :
			*byte >= 0xf0 && *byte < 0xf5 ? 4 :
							0;

	if (length > 1 && !is_second(byte[0], byte[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

char *text_to_utf8(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	char *valid = malloc(strlen(text) * (sizeof(replacement) - 1) + 1), *to = valid;

	while (valid && *text) {
		size_t length = text_character(text);

		to = mempcpy(to, length ? text : replacement,
			     length ? length : sizeof(replacement) - 1);
		text += length ? length : 1;
	}
	if (valid)
		*to = '\0';
	return valid;
}
