// SPDX-License-Identifier: GPL-2.0-only
#include "ui/option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ui/guess.h"
#include "ui/value.h"
#include "util/array.h"

/* "did you mean 'NAME'? give one of NAME, NAME". */
static void try_names(const struct option_entry *entry, const char *word, size_t length)
{
	struct guess guess = { .word = word, .length = length };
	char *known = NULL;
	size_t size;
	FILE *list = open_memstream(&known, &size);

	for (unsigned i = 0; list && entry->names(i); i++) {
		guess_consider(&guess, entry->names(i));
		fprintf(list, "%s%s", i ? ", " : "", entry->names(i));
	}
	if (list)
		fclose(list);
	fail_hint("%s%s%sgive %s of %s", guess.best ? "did you mean '" : "",
		  guess.best ? guess.best : "", guess.best ? "'? " : "",
		  entry->type == OPTION_CHOICES ? "some" : "one", known ? known : "");
	free(known);
}

static enum status bad_value(const struct option_entry *entry, const char *text, int error)
{
	bool bounded = entry->type == OPTION_NUMBER;

	fail_with(STATUS_USAGE, 0, "option --%s: '%s'", entry->name, text);
	fail_because(error != -ERANGE ? "not a valid value" :
		     bounded	      ? "the number is out of bounds" :
					"the number is too large");
	if (bounded)
		fail_hint("give a whole number from %llu to %llu", (unsigned long long)entry->least,
			  (unsigned long long)entry->most);
	else if (entry->type == OPTION_TIME)
		fail_hint("give seconds from 0 to %d, such as 5 or 0.25", VALUE_SECONDS_MAX);
	else if (entry->type == OPTION_RANGES)
		fail_hint("give OFFSET:LENGTH in bytes, such as 0x1000:4K or 0:16M");
	else
		fail_hint("give bytes, such as 4096, 0x1000, 4K, 16M or 1G");
	return STATUS_USAGE;
}

/* The name as it is written, NULL when it is none. */
static const char *find_name(const struct option_entry *entry, const char *word, size_t length)
{
	const char *name;

	for (unsigned i = 0; (name = entry->names(i)); i++)
		if (strlen(name) == length && !strncasecmp(name, word, length))
			return name;
	return NULL;
}

static enum status take_choice(const struct option_entry *entry, const char **choice,
			       const char *text)
{
	bool is_kind = entry->type == OPTION_KIND;
	size_t length = is_kind ? strcspn(text, ":") : strlen(text);
	const char *name = find_name(entry, text, length);

	*choice = is_kind ? text : name;
	if (name)
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "option --%s: '%s'", entry->name, text);
	fail_because("not a valid value");
	try_names(entry, text, length);
	return STATUS_USAGE;
}

static enum status take_choices(const struct option_entry *entry, const char **choices,
				const char *text)
{
	for (const char *word = text;; word++) {
		size_t length = strcspn(word, ",");

		if (!find_name(entry, word, length)) {
			fail_with(STATUS_USAGE, 0, "option --%s: '%s'", entry->name, text);
			fail_because("'%.*s' is not a valid value", (int)length, word);
			try_names(entry, word, length);
			return STATUS_USAGE;
		}
		word += length;
		if (!*word)
			break;
	}
	*choices = text;
	return STATUS_OK;
}

static int take_size(struct option_size *size, const char *text)
{
	size->given = true;
	return value_parse_size(text, &size->value);
}

static int take_number(const struct option_entry *entry, struct option_number *number,
		       const char *text)
{
	int rc = value_parse_number(text, &number->value);

	number->given = true;
	if (!rc && (number->value < entry->least || number->value > entry->most))
		return -ERANGE;
	return rc;
}

static int take_time(struct option_time *time, const char *text)
{
	time->given = true;
	return value_parse_seconds(text, &time->ns);
}

static int add_range(struct option_ranges *ranges, const char *text)
{
	struct range range, *added;
	int rc = value_parse_range(text, &range);

	if (rc)
		return rc;
	added = array_add(&ranges->items, &ranges->count);
	if (!added)
		return -ENOMEM;
	*added = range;
	return 0;
}

static enum status take(const struct option_entry *entry, void *values, const char *text)
{
	void *place = (char *)values + entry->offset;
	int rc = 0;

	switch (entry->type) {
	case OPTION_FLAG:
	case OPTION_FORM:
		*(bool *)place = true;
		break;
	case OPTION_COUNT:
		++*(unsigned *)place;
		break;
	case OPTION_TEXT:
		*(const char **)place = text;
		break;
	case OPTION_CHOICE:
	case OPTION_KIND:
		return take_choice(entry, place, text);
	case OPTION_CHOICES:
		return take_choices(entry, place, text);
	case OPTION_SIZE:
		rc = take_size(place, text);
		break;
	case OPTION_NUMBER:
		rc = take_number(entry, place, text);
		break;
	case OPTION_TIME:
		rc = take_time(place, text);
		break;
	case OPTION_RANGES:
		rc = add_range(place, text);
		break;
	}
	if (rc == -ENOMEM)
		return fail_errno(rc, "option --%s", entry->name);
	return rc ? bad_value(entry, text, rc) : STATUS_OK;
}

/* name is not terminated: "name" of "--name=value". */
static const struct option_entry *find_long(const struct option_set sets[2], const char *name,
					    size_t length, void **values)
{
	for (unsigned i = 0; i < 2; i++)
		for (const struct option_entry *entry = sets[i].table; entry && entry->name;
		     entry++)
			if (strlen(entry->name) == length && !strncmp(entry->name, name, length)) {
				*values = sets[i].values;
				return entry;
			}
	return NULL;
}

static const struct option_entry *find_letter(const struct option_set sets[2], char letter,
					      void **values)
{
	for (unsigned i = 0; i < 2; i++)
		for (const struct option_entry *entry = sets[i].table; entry && entry->name;
		     entry++)
			if (entry->letter == letter) {
				*values = sets[i].values;
				return entry;
			}
	return NULL;
}

static enum status unknown_option(const struct option_set sets[2], const char *text)
{
	struct guess guess = { .word = text + 2, .length = strcspn(text + 2, "=") };

	for (unsigned i = 0; i < 2 && text[1] == '-'; i++)
		for (const struct option_entry *entry = sets[i].table; entry && entry->name;
		     entry++)
			guess_consider(&guess, entry->name);
	fail_with(STATUS_USAGE, 0, "unknown option '%s'", text);
	guess_hint(&guess, "--");
	return STATUS_USAGE;
}

/* "-vv"; a letter that takes a value ends them: "-oNAME", "-o NAME". */
static enum status take_letters(const struct option_set sets[2], const char *text, const char *next,
				bool *used)
{
	for (const char *letter = text + 1; *letter; letter++) {
		void *values;
		const struct option_entry *entry = find_letter(sets, *letter, &values);

		if (!entry)
			return unknown_option(sets, text);
		if (entry->argument) {
			*used = !letter[1];
			if (letter[1] || next)
				return take(entry, values, letter[1] ? letter + 1 : next);
			fail_with(STATUS_USAGE, 0, "option -%c", *letter);
			fail_because("its value %s is missing", entry->argument);
			return STATUS_USAGE;
		}
		take(entry, values, NULL);
	}
	return STATUS_OK;
}

/* next: the following argument; *used tells whether it was the option's value. */
static enum status take_long(const struct option_set sets[2], const char *text, const char *next,
			     bool *used)
{
	const char *name = text + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	void *values;
	const struct option_entry *entry = find_long(sets, name, length, &values);

	if (!entry)
		return unknown_option(sets, text);
	if (!entry->argument && equals) {
		fail_with(STATUS_USAGE, 0, "option --%s: '%s'", entry->name, equals + 1);
		fail_because("it takes no value");
		return STATUS_USAGE;
	}
	if (entry->argument && !equals && !next) {
		fail_with(STATUS_USAGE, 0, "option --%s", entry->name);
		fail_because("its value %s is missing", entry->argument);
		return STATUS_USAGE;
	}
	*used = entry->argument && !equals;
	return take(entry, values, equals ? equals + 1 : next);
}

enum status options_parse(const struct option_set sets[2], int *argc, char **argv, bool in_order,
			  int *dashes)
{
	int kept = 1, i;

	*dashes = -1;
	for (i = 1; i < *argc; i++) {
		bool used = false;
		const char *next;
		enum status status;

		if (!strcmp(argv[i], "--")) {
			*dashes = kept - 1;
			i++;
			break;
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			if (in_order)
				break;
			argv[kept++] = argv[i];
			continue;
		}
		next = i + 1 < *argc ? argv[i + 1] : NULL;
		status = argv[i][1] == '-' ? take_long(sets, argv[i], next, &used) :
					     take_letters(sets, argv[i], next, &used);
		if (status)
			return status;
		i += used;
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	if (*dashes < 0)
		*dashes = kept - 1;
	return STATUS_OK;
}

enum status options_check_forms(const struct option_set *set, bool json)
{
	const char *form = json ? "json" : NULL;

	for (const struct option_entry *entry = set->table; entry && entry->name; entry++) {
		if (entry->type != OPTION_FORM || !*(bool *)((char *)set->values + entry->offset))
			continue;
		if (form) {
			fail_with(STATUS_USAGE, 0, "option --%s", entry->name);
			fail_because("it does not go with --%s: the output has one form", form);
			return STATUS_USAGE;
		}
		form = entry->name;
	}
	return STATUS_OK;
}

void options_free(const struct option_set *set)
{
	for (const struct option_entry *entry = set->table; entry && entry->name; entry++)
		if (entry->type == OPTION_RANGES)
			free(((struct option_ranges *)((char *)set->values + entry->offset))
				     ->items);
}

void options_print(FILE *stream, const struct option_entry *table)
{
	for (const struct option_entry *entry = table; entry && entry->name; entry++) {
		char left[64], letter[8] = "";

		if (entry->letter)
			snprintf(letter, sizeof(letter), "-%c, ", entry->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, entry->name,
			 entry->argument ? " " : "", entry->argument ? entry->argument : "");
		fprintf(stream, "  %-24s  %s\n", left, entry->help);
	}
}

void options_list(FILE *stream, const struct option_entry *table)
{
	for (const struct option_entry *entry = table; entry && entry->name; entry++) {
		fprintf(stream, "--%s\n", entry->name);
		if (entry->letter)
			fprintf(stream, "-%c\n", entry->letter);
	}
}
