/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as people type and read them. Parsers return 0, or -EINVAL, or -ERANGE on overflow. */
#ifndef DMABUFCTL_UI_VALUE_H
#define DMABUFCTL_UI_VALUE_H

#include "util/range.h"

/* "4096", "0x1000", "4K", "16M", "1G", "2T"; nothing before, nothing after. */
int value_parse_size(const char *text, uint64_t *value);

/* Digits alone: "0", "4711". */
int value_parse_number(const char *text, uint64_t *value);

/* Seconds, "5" or "0.25", with up to nine decimals; *ns at most VALUE_SECONDS_MAX seconds. */
#define VALUE_SECONDS_MAX 1000000000
int value_parse_seconds(const char *text, uint64_t *ns);

/* "OFF:LEN", each a size. */
int value_parse_range(const char *text, struct range *range);

/* Returns where in digits the number begins: printf() would take most of a long table's time. */
#define VALUE_DIGITS 21
const char *value_format_number(uint64_t value, char digits[VALUE_DIGITS]);

#endif
