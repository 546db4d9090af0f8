// SPDX-License-Identifier: GPL-2.0-only
/* Sizes and ranges as people type them. */
#include <errno.h>
#include <string.h>

#include "util/range.h"
#include "tests/unit/check.h"
#include "ui/value.h"

struct parsed {
	const char *text;
	int rc;
	uint64_t value;
};

static const struct parsed sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "0x1000", 0, 4096 },
	{ "0X1000", 0, 4096 },
	{ "010", 0, 10 },
	{ "4K", 0, 4096 },
	{ "4k", 0, 4096 },
	{ "16M", 0, 16 << 20 },
	{ "1G", 0, 1 << 30 },
	{ "2T", 0, 2ull << 40 },
	{ "0xffffffffffffffff", 0, UINT64_MAX },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "16777216T", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "K", -EINVAL, 0 },
	{ "4KB", -EINVAL, 0 },
	{ "4KB x", -EINVAL, 0 },
	{ "0x", -EINVAL, 0 },
	{ "0xg", -EINVAL, 0 },
	{ "1e3", -EINVAL, 0 },
};

static const struct parsed numbers[] = {
	{ "0", 0, 0 },
	{ "4711", 0, 4711 },
	{ "007", 0, 7 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "x", -EINVAL, 0 },
	{ "1x", -EINVAL, 0 },
	{ "4K", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1.0", -EINVAL, 0 },
};

static const struct parsed seconds[] = {
	{ "0", 0, 0 },
	{ "1", 0, 1000000000 },
	{ "0.5", 0, 500000000 },
	{ "12.25", 0, 12250000000 },
	{ "0.000000001", 0, 1 },
	{ "1.123456789", 0, 1123456789 },
	{ "1000000000", 0, 1000000000000000000 },
	{ "1000000000.0", 0, 1000000000000000000 },
	{ "1000000000.000000001", -ERANGE, 0 },
	{ "1000000001", -ERANGE, 0 },
	{ "18446744074", -ERANGE, 0 },
	{ "99999999999999999999", -ERANGE, 0 },
	{ "0.0000000001", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ ".", -EINVAL, 0 },
	{ ".5", -EINVAL, 0 },
	{ "1.", -EINVAL, 0 },
	{ "1.5.5", -EINVAL, 0 },
	{ "1,5", -EINVAL, 0 },
	{ "1e3", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "1s", -EINVAL, 0 },
	{ "inf", -EINVAL, 0 },
};

static const struct {
	const char *text;
	int rc;
	struct range range;
} ranges[] = {
	{ "0:4K", 0, { 0, 4096 } },
	{ "0x1000:16M", 0, { 4096, 16 << 20 } },
	{ "4K", -EINVAL, { 0, 0 } },
	{ ":4K", -EINVAL, { 0, 0 } },
	{ "4K:", -EINVAL, { 0, 0 } },
	{ "1:2:3", -EINVAL, { 0, 0 } },
	{ "1:-2", -EINVAL, { 0, 0 } },
	{ "11111111111111111111111111111111111:1", -EINVAL, { 0, 0 } },
};

static const struct {
	uint64_t value;
	const char *text;
} formats[] = {
	{ 0, "0" },
	{ 1, "1" },
	{ 4096, "4K" },
	{ 4097, "4097" },
	{ 16 << 20, "16M" },
	{ 1ull << 40, "1T" },
	{ 1ull << 50, "1024T" },
	{ UINT64_MAX, "18446744073709551615" },
};

static void check_parser(const char *what, int parse(const char *text, uint64_t *value),
			 const struct parsed *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 0;
		int rc = parse(table[i].text, &value);

		check(rc == table[i].rc && (rc || value == table[i].value), "%s '%s'", what,
		      table[i].text);
	}
}

#define COUNT(table) (sizeof(table) / sizeof(*table))

int main(void)
{
	check_parser("size", value_parse_size, sizes, COUNT(sizes));
	check_parser("number", value_parse_number, numbers, COUNT(numbers));
	check_parser("seconds", value_parse_seconds, seconds, COUNT(seconds));
	for (unsigned i = 0; i < COUNT(ranges); i++) {
		struct range range = { 0 };
		int rc = value_parse_range(ranges[i].text, &range);

		check(rc == ranges[i].rc && (rc || (range.offset == ranges[i].range.offset &&
						    range.length == ranges[i].range.length)),
		      "range '%s'", ranges[i].text);
	}
	for (unsigned i = 0; i < COUNT(formats); i++) {
		char text[24], digits[VALUE_DIGITS], unit[2];
		uint64_t value = size_in_unit(formats[i].value, unit);

		snprintf(text, sizeof(text), "%s%s", value_format_number(value, digits), unit);
		check(!strcmp(text, formats[i].text), "format %s", formats[i].text);
	}
	return check_plan();
}
