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
#include <stdint.h>
#include <stdio.h>

#include "ui/error.h"
#include "util/range.h"

struct option_size {
	bool given;
	uint64_t value;
};

struct option_number {
	bool given;
	uint64_t value;
};

struct option_time {
	bool given;
	uint64_t ns; /* at most VALUE_SECONDS_MAX seconds: any clock's now and it fit a uint64_t */
};

struct option_ranges {
	struct range *items; /* malloc'd */
	unsigned count;
};

enum option_type {
	OPTION_FLAG,	/* bool */
	OPTION_COUNT,	/* unsigned, times given */
	OPTION_FORM,	/* bool; the output is in a form of its own, and in no other */
	OPTION_TEXT,	/* const char *, NULL when not given */
	OPTION_CHOICE,	/* const char *, one of the names as they are written */
	OPTION_KIND,	/* const char *, as given: one of the names, or NAME:REST */
	OPTION_CHOICES, /* const char *, as given: some of the names, separated by commas */
	OPTION_SIZE,	/* struct option_size */
	OPTION_NUMBER,	/* struct option_number, from least to most */
	OPTION_TIME,	/* struct option_time; in seconds on the command line */
	OPTION_RANGES,	/* struct option_ranges; may be repeated */
};

struct option_entry {
	const char *name; /* long, without dashes; NULL ends a table */
	char letter;	  /* 0: none */
	enum option_type type;
	const char *argument; /* its name in the usage; NULL for flags */
	const char *help;
	size_t offset;
	uint64_t least, most; /* for OPTION_NUMBER */
	/* For OPTION_CHOICE, OPTION_KIND and OPTION_CHOICES, compared without case: NULL behind the
	 * last. */
	const char *(*names)(unsigned index);
};

#define OPTION_AT(type, member, wanted)                                                         \
	(offsetof(type, member) +                                                               \
	 0 * sizeof(char[1 - 2 * !__builtin_types_compatible_p(__typeof__(((type *)0)->member), \
							       wanted)]))
#define OPTION_ENTRY(type, member, wanted, kind, name, letter, argument, help, least, most, names) \
	{                                                                                          \
		name, letter, kind, argument, help, OPTION_AT(type, member, wanted), least, most,  \
			names                                                                      \
	}
#define OPT_FLAG(type, member, name, letter, help) \
	OPTION_ENTRY(type, member, bool, OPTION_FLAG, name, letter, NULL, help, 0, 0, NULL)
#define OPT_COUNT(type, member, name, letter, help) \
	OPTION_ENTRY(type, member, unsigned, OPTION_COUNT, name, letter, NULL, help, 0, 0, NULL)
#define OPT_TEXT(type, member, name, argument, help) \
	OPT_TEXT_SHORT(type, member, name, 0, argument, help)
#define OPT_TEXT_SHORT(type, member, name, letter, argument, help)                                \
	OPTION_ENTRY(type, member, const char *, OPTION_TEXT, name, letter, argument, help, 0, 0, \
		     NULL)
#define OPT_FORM(type, member, name, help) \
	OPTION_ENTRY(type, member, bool, OPTION_FORM, name, 0, NULL, help, 0, 0, NULL)
#define OPT_CHOICE(type, member, name, letter, argument, names, help)                            \
	OPTION_ENTRY(type, member, const char *, OPTION_CHOICE, name, letter, argument, help, 0, \
		     0, names)
#define OPT_KIND(type, member, name, argument, names, help) \
	OPTION_ENTRY(type, member, const char *, OPTION_KIND, name, 0, argument, help, 0, 0, names)
#define OPT_CHOICES(type, member, name, letter, argument, names, help)                            \
	OPTION_ENTRY(type, member, const char *, OPTION_CHOICES, name, letter, argument, help, 0, \
		     0, names)
#define OPT_SIZE(type, member, name, argument, help)                                               \
	OPTION_ENTRY(type, member, struct option_size, OPTION_SIZE, name, 0, argument, help, 0, 0, \
		     NULL)
/* For PIDs, fds, counts: what is out of bounds is a usage error, never cut. */
#define OPT_NUMBER(type, member, name, argument, least, most, help)                              \
	OPTION_ENTRY(type, member, struct option_number, OPTION_NUMBER, name, 0, argument, help, \
		     least, most, NULL)
#define OPT_SECONDS(type, member, name, argument, help)                                            \
	OPTION_ENTRY(type, member, struct option_time, OPTION_TIME, name, 0, argument, help, 0, 0, \
		     NULL)
#define OPT_RANGES(type, member, name, argument, help)                                           \
	OPTION_ENTRY(type, member, struct option_ranges, OPTION_RANGES, name, 0, argument, help, \
		     0, 0, NULL)

/* A table and the values that it fills. */
struct option_set {
	const struct option_entry *table;
	void *values;
};

/*
 * Takes the options out of argv[1..]; *argc and argv keep the rest, with argv[0]. With
 * in_order, stops at the first argument that is no option. On STATUS_USAGE the failure is
 * noted (fail_with()). *dashes: how many arguments stood before "--", all of them when it is not
 * there.
 */
enum status options_parse(const struct option_set sets[2], int *argc, char **argv, bool in_order,
			  int *dashes);

/*
 * With json and each OPT_FORM that was given the output has a form; more than one is a usage
 * error.
 */
enum status options_check_forms(const struct option_set *set, bool json);

/* Frees what parsing allocated. */
void options_free(const struct option_set *set);

/* The usage's list, a line or more an option. */
void options_print(FILE *stream, const struct option_entry *table);

/* "--name" (and "-n"), a line each. */
void options_list(FILE *stream, const struct option_entry *table);

#endif
