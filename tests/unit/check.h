/* SPDX-License-Identifier: GPL-2.0-only */
/* A unit test prints TAP: one line a check, the plan at the end. */
#ifndef DMABUFCTL_TESTS_CHECK_H
#define DMABUFCTL_TESTS_CHECK_H

#include <stdio.h>

static unsigned check_count;

#define check(condition, ...)                                                     \
	do {                                                                      \
		printf("%s %u - ", (condition) ? "ok" : "not ok", ++check_count); \
		printf(__VA_ARGS__);                                              \
		putchar('\n');                                                    \
	} while (0)

static inline int check_plan(void)
{
	printf("1..%u\n", check_count);
	return 0;
}

#endif
