/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as people type and read them. Parsers return 0, or -EINVAL, or -ERANGE on overflow. */
#ifndef DMABUFCTL_UI_VALUE_H
#define DMABUFCTL_UI_VALUE_H

#include "kernel/sys.h"

/* "4096", "0x1000", "4K", "16M", "1G", "2T"; nothing before, nothing after. */
int value_parse_size(const char *text, uint64_t *value);

/* "OFF:LEN", each a size. */
int value_parse_range(const char *text, struct range *range);

/* 16 and "M" for 16M: how many of the largest unit that it is a multiple of; "" for bytes. */
uint64_t value_in_unit(uint64_t value, char unit[2]);

/* "0x1000+16M". */
#define VALUE_RANGE 48
void value_format_range(const struct range *range, char text[VALUE_RANGE]);

/* Returns where in digits the number begins: printf() would take most of a long table's time. */
#define VALUE_DIGITS 21
const char *value_format_number(uint64_t value, char digits[VALUE_DIGITS]);

#endif
