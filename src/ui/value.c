// SPDX-License-Identifier: GPL-2.0-only
#include "ui/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char units[] = "KMGT";

int value_parse_size(const char *text, uint64_t *value)
{
	const char *unit;
	unsigned shift = 0;
	uint64_t number;
	char *end;

	/* strtoull() would take white space and a sign. */
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	/* A leading 0 is no octal number here. */
	number = strtoull(text, &end, !strncasecmp(text, "0x", 2) ? 16 : 10);
	if (errno)
		return -ERANGE;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit) {
		shift = 10 * (unit - units + 1);
		end++;
	}
	if (*end)
		return -EINVAL;
	if (number > UINT64_MAX >> shift)
		return -ERANGE;
	*value = number << shift;
	return 0;
}

int value_parse_number(const char *text, uint64_t *value)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || text[digits])
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, NULL, 10);
	return errno ? -ERANGE : 0;
}

int value_parse_seconds(const char *text, uint64_t *ns)
{
	size_t whole = strspn(text, "0123456789"), decimals = 0;
	uint64_t value;

	if (text[whole] == '.') {
		decimals = strspn(text + whole + 1, "0123456789");
		if (!decimals || decimals > 9)
			return -EINVAL;
		decimals++;
	}
	if (!whole || text[whole + decimals])
		return -EINVAL;
	errno = 0;
	value = strtoull(text, NULL, 10);
	if (errno || value > VALUE_SECONDS_MAX)
		return -ERANGE;
	value *= 1000000000;
	for (uint64_t i = 1, worth = 100000000; i < decimals; i++, worth /= 10)
		value += (text[whole + i] - '0') * worth;
	if (value > VALUE_SECONDS_MAX * 1000000000ull)
		return -ERANGE;
	*ns = value;
	return 0;
}

int value_parse_range(const char *text, struct range *range)
{
	const char *colon = strchr(text, ':');
	char offset[32];
	int rc;

	if (!colon || (size_t)(colon - text) >= sizeof(offset))
		return -EINVAL;
	memcpy(offset, text, colon - text);
	offset[colon - text] = '\0';
	rc = value_parse_size(offset, &range->offset);
	return rc ? rc : value_parse_size(colon + 1, &range->length);
}

const char *value_format_number(uint64_t value, char digits[VALUE_DIGITS])
{
	char *at = &digits[VALUE_DIGITS - 1];

	*at = '\0';
	do
		*--at = '0' + value % 10;
	while (value /= 10);
	return at;
}
