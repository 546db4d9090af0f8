/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Option tables. Usage, completion and the tests that keep manual and program together are
 * loops over them. Each entry says where in a struct of values its result goes; a member of
 * the wrong type does not compile.
 */
#ifndef DMABUFCTL_UI_OPTION_H
#define DMABUFCTL_UI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "kernel/sys.h"
#include "ui/error.h"

struct option_size {
	bool given;
	uint64_t value;
};

struct option_ranges {
	struct range *items; /* malloc'd */
	unsigned count;
};

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_COUNT,  /* unsigned, times given */
	OPTION_TEXT,   /* const char *, NULL when not given */
	OPTION_SIZE,   /* struct option_size */
	OPTION_RANGES, /* struct option_ranges; may be repeated */
};

struct option_entry {
	const char *name; /* long, without dashes; NULL ends a table */
	char letter;	  /* 0: none */
	enum option_type type;
	const char *argument; /* its name in the usage; NULL for flags */
	const char *help;
	size_t offset;
};

#define OPTION_AT(type, member, wanted)                                                         \
	(offsetof(type, member) +                                                               \
	 0 * sizeof(char[1 - 2 * !__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
							       wanted)]))
#define OPT_FLAG(type, member, name, letter, help)                                   \
	{                                                                            \
		name, letter, OPTION_FLAG, NULL, help, OPTION_AT(type, member, bool) \
	}
#define OPT_COUNT(type, member, name, letter, help)                                       \
	{                                                                                 \
		name, letter, OPTION_COUNT, NULL, help, OPTION_AT(type, member, unsigned) \
	}
#define OPT_TEXT(type, member, name, argument, help)                                        \
	{                                                                                   \
		name, 0, OPTION_TEXT, argument, help, OPTION_AT(type, member, const char *) \
	}
#define OPT_TEXT_SHORT(type, member, name, letter, argument, help)                               \
	{                                                                                        \
		name, letter, OPTION_TEXT, argument, help, OPTION_AT(type, member, const char *) \
	}
#define OPT_SIZE(type, member, name, argument, help)                                              \
	{                                                                                         \
		name, 0, OPTION_SIZE, argument, help, OPTION_AT(type, member, struct option_size) \
	}
#define OPT_RANGES(type, member, name, argument, help)                \
	{                                                             \
		name, 0, OPTION_RANGES, argument, help,               \
			OPTION_AT(type, member, struct option_ranges) \
	}

/* A table and the values that it fills. */
struct option_set {
	const struct option_entry *table;
	void *values;
};

/*
 * Takes the options out of argv[1..]; *argc and argv keep the rest, with argv[0]. With
 * in_order, stops at the first argument that is no option. On STATUS_USAGE the failure is
 * noted (fail()). *dashes: how many arguments stood before "--", all of them when it is not
 * there.
 */
enum status options_parse(const struct option_set sets[2], int *argc, char **argv, bool in_order,
			  int *dashes);

/* Frees what parsing allocated. */
void options_free(const struct option_set *set);

/* The usage's list, a line or more an option. */
void options_print(FILE *stream, const struct option_entry *table);

/* "--name" (and "-n"), a line each. */
void options_list(FILE *stream, const struct option_entry *table);

#endif
