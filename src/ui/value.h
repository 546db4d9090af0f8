/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as people type and read them. Parsers return 0, or -EINVAL, or -ERANGE on overflow. */
#ifndef DMABUFCTL_UI_VALUE_H
#define DMABUFCTL_UI_VALUE_H

#include "kernel/sys.h"

/* "4096", "0x1000", "4K", "16M", "1G", "2T"; nothing before, nothing after. */
int value_parse_size(const char *text, uint64_t *value);

/* "OFF:LEN", each a size. */
int value_parse_range(const char *text, struct range *range);

/* "16M" when that is exact, else the plain number. */
void value_format_size(uint64_t value, char *text, size_t size);

#endif
