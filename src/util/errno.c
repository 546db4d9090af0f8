// SPDX-License-Identifier: GPL-2.0-only
#include "util/errno.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

/* Other names of the same numbers. */
static const struct {
	const char *name;
	int error;
} aliases[] = {
	{ "ENOTSUP", EOPNOTSUPP },
	{ "EWOULDBLOCK", EAGAIN },
	{ "EDEADLOCK", EDEADLK },
};

static bool is_name(const char *known, const char *name, size_t length)
{
	return strlen(known) == length && !strncasecmp(known, name, length);
}

int errno_of(const char *name, size_t length)
{
	for (int error = 1; error <= ERRNO_MAX; error++) {
		const char *known = strerrorname_np(error);

		if (known && is_name(known, name, length))
			return error;
	}
	for (unsigned i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (is_name(aliases[i].name, name, length))
			return aliases[i].error;
	return 0;
}

/* The first word that is an errno's name. */
static int find_name(const char *text)
{
	while (*text) {
		size_t length = 0;
		int error;

		while (text_is_in_word(text[length]))
			length++;
		error = errno_of(text, length);
		if (error)
			return error;
		text += length ? length : 1;
	}
	return 0;
}

/* What strerror() says; the longest, as "No such device" is the beginning of another. */
static int find_description(const char *text)
{
	size_t longest = 0;
	int found = 0;

	for (int error = 1; error <= ERRNO_MAX; error++) {
		const char *description = strerrordesc_np(error);

		if (description && strlen(description) > longest && strcasestr(text, description)) {
			longest = strlen(description);
			found = error;
		}
	}
	return found;
}

static int parse_errno(const char *digits)
{
	char *end;
	long number = strtol(digits, &end, 10);

	return end == digits || text_is_in_word(*end) || *end == '.' || number < 1 ||
			       number > ERRNO_MAX ?
		       0 :
		       number;
}

static int find_number_after(const char *text, const char *word)
{
	while ((text = strcasestr(text, word))) {
		int error;

		text += strlen(word);
		error = parse_errno(text + strspn(text, " :=(-"));
		if (error)
			return error;
	}
	return 0;
}

/* "error -22", "[Errno 19]", "returned -22": a negative number, or one that is said to be an errno.
 */
static int find_number(const char *text)
{
	static const char *const words[] = { "errno", "error", "error code" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (find_number_after(text, words[i]))
			return find_number_after(text, words[i]);
	for (const char *dash = strchr(text, '-'); dash; dash = strchr(dash + 1, '-'))
		if ((dash == text || strchr(" =(:[,", dash[-1])) &&
		    isdigit((unsigned char)dash[1]) && parse_errno(dash + 1))
			return parse_errno(dash + 1);
	return 0;
}

int errno_in(const char *text)
{
	int error = parse_errno(text + (*text == '-'));

	if (error && !text[strspn(text, "-0123456789")])
		return error;
	error = find_name(text);
	if (!error)
		error = find_description(text);
	return error ? error : find_number(text);
}
