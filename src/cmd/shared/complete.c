// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/complete.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "context/open.h"
#include "context/runtime.h"
#include "context/trigger.h"
#include "util/scope.h"

/* A command line up to the word that is to be completed. */
struct line {
	const char *context;
	const struct command *command; /* NULL: none yet */
	char **arguments;	       /* those of the command that are no options */
	int count;
	bool dashes;			  /* "--" was there */
	const struct option_entry *value; /* the option whose value comes next, or NULL */
};

/* What is being completed. */
struct aim {
	const struct line *line;
	const char *lead;  /* of the word, not to be changed: "--by=", "INODE," */
	const char *begun; /* what follows it */
	bool caseless;
};

static void print_candidate(const struct aim *aim, const char *candidate)
{
	size_t length = strlen(aim->begun);

	if (!(aim->caseless ? strncasecmp : strncmp)(candidate, aim->begun, length))
		printf("%s%s\n", aim->lead, candidate);
}

static bool is_same_device(const char *a, const char *b)
{
	struct pci_name one, other;

	return !pci_parse_name(a, &one) && !pci_parse_name(b, &other) &&
	       !strcmp(one.bdf, other.bdf);
}

static bool is_given(const struct aim *aim, const char *name)
{
	for (int i = 0; !aim->line->value && i < aim->line->count; i++)
		if (!strcmp(aim->line->arguments[i], name) ||
		    is_same_device(aim->line->arguments[i], name))
			return true;
	return false;
}

/* In full, or as short as it was begun. */
static void print_devices(const struct aim *aim)
{
	static const char domain[] = "0000:";
	auto_free struct pci_name *names = NULL;
	unsigned count;

	if (pci_list(&names, &count))
		return;
	for (unsigned i = 0; i < count; i++) {
		const char *bdf = names[i].bdf;

		if (is_given(aim, bdf))
			continue;
		print_candidate(aim, bdf);
		if (!strncmp(bdf, domain, strlen(domain)) &&
		    strncmp(bdf, aim->begun, strlen(aim->begun)) != 0)
			print_candidate(aim, bdf + strlen(domain));
	}
}

/* kind OBJECT_KINDS: all that have names of their own. */
static void print_objects(const struct aim *aim, enum object_kind kind)
{
	const char *name = aim->line->context ? aim->line->context : "default";
	struct context context;

	if (!object_name_valid(name) || context_look(&context, name))
		return;
	for_each_object(object, &context.objects, kind)
		if (object->kind >= OBJECT_DEVICE && !is_given(aim, object->name))
			print_candidate(aim, object->name);
	context_close(&context);
}

/* By their sockets: none of the holders is asked. */
static void print_contexts(const struct aim *aim)
{
	char path[PATH_MAX], name[NAME_SIZE];
	DIR *directory = context_directory(path, sizeof(path)) ? NULL : opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (runtime_is_socket(entry->d_name, name, sizeof(name)))
			print_candidate(aim, name);
	if (directory)
		closedir(directory);
}

static void print_commands(const struct aim *aim)
{
	for (const struct command *const *command = commands; *command; command++)
		print_candidate(aim, (*command)->name);
}

/* The device that the line has named; false when there is no such device. */
static bool find_device(const struct aim *aim, struct pci_device *pci)
{
	return aim->line->count && !pci_find(aim->line->arguments[0], pci);
}

/* Those that the device has, of memory. */
static void print_bars(const struct aim *aim)
{
	struct pci_device pci;
	bool found = find_device(aim, &pci);

	for (unsigned i = 0; i < PCI_BARS; i++) {
		char bar[] = { '0' + i, '\0' };

		if (!found || pci.bars[i].type == PCI_BAR_MEMORY)
			print_candidate(aim, bar);
	}
}

/* Those that the device can take, as far as that is known without opening it. */
static void print_triggers(const struct aim *aim)
{
	const struct option_entry *option = aim->line->value;
	struct pci_device pci;
	bool found = find_device(aim, &pci);

	for (unsigned i = 0; option->names(i); i++) {
		const struct trigger *trigger = trigger_find(option->names(i));

		if (!found || !trigger || !trigger->is_offered || trigger->is_offered(&pci))
			print_candidate(aim, option->names(i));
	}
}

static void print_files(const struct aim *aim)
{
	(void)aim;
	puts(COMPLETE_FILES);
}

static void print_dmabufs(const struct aim *aim)
{
	print_objects(aim, OBJECT_DMABUF);
}

static void print_mappings(const struct aim *aim)
{
	print_objects(aim, OBJECT_MAPPING);
}

static void print_ioases(const struct aim *aim)
{
	print_objects(aim, OBJECT_IOAS);
}

static void print_all_objects(const struct aim *aim)
{
	print_objects(aim, OBJECT_KINDS);
}

/* What a usage's word in capitals stands for. It is the same in all usages. */
static const struct {
	const char *word;
	void (*print)(const struct aim *aim);
} kinds[] = {
	{ "BDF", print_devices },      { "BAR", print_bars },
	{ "DMABUF", print_dmabufs },   { "MAPPING", print_mappings },
	{ "IOAS", print_ioases },      { "OBJECT", print_all_objects },
	{ "CONTEXT", print_contexts }, { "COMMAND", print_commands },
	{ "FILE", print_files },       { "SOCKET", print_files },
	{ "METHOD", print_triggers },
};

/*
 * word: "BDF", "MAPPING|DMABUF"; other than capitals, the word itself: "FILE|-". Whether one of
 * them was known.
 */
static bool print_kinds(const struct aim *aim, const char *word, size_t length)
{
	bool known = false;

	for (const char *end = word + length; word < end; word++) {
		size_t size = strcspn(word, "|");
		char one[32];

		size = size < (size_t)(end - word) ? size : (size_t)(end - word);
		snprintf(one, sizeof(one), "%.*s", (int)size, word);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (!strcmp(kinds[i].word, one)) {
				kinds[i].print(aim);
				known = true;
			}
		if (*one >= 'a' && *one <= 'z')
			print_candidate(aim, one);
		word += size;
	}
	return known;
}

/* A word of a usage, without brackets and dots. */
struct usage_word {
	const char *text;
	size_t length;
	bool repeats;
};

/* The next word of one way to use a command; options are passed over. */
static bool next_word(const char **at, struct usage_word *word)
{
	for (;;) {
		*at += strspn(*at, " []");
		word->text = *at;
		word->length = strcspn(*at, " []");
		*at += word->length;
		if (!word->length || (word->length == 1 && *word->text == '|') ||
		    (word->length == 2 && !strncmp(word->text, "--", 2)))
			return false;
		if (strncmp(word->text, "--", 2) != 0)
			break;
		*at += strspn(*at, " ");
		*at += strcspn(*at, " ");
	}
	word->repeats = word->length > 3 && !strncmp(word->text + word->length - 3, "...", 3);
	word->length -= word->repeats ? 3 : 0;
	return true;
}

static bool can_be(const struct usage_word *word, const char *argument)
{
	bool literal = *word->text >= 'a' && *word->text <= 'z';

	return !literal ||
	       (strlen(argument) == word->length && !strncmp(argument, word->text, word->length));
}

/* What may stand where the line ends, by one of the ways that the usage has. */
static void print_way(const struct aim *aim, const char *usage)
{
	struct usage_word word = { 0 };

	for (int i = 0;; i++) {
		if (!word.repeats && !next_word(&usage, &word))
			return;
		if (i == aim->line->count)
			break;
		if (!can_be(&word, aim->line->arguments[i]))
			return;
	}
	print_kinds(aim, word.text, word.length);
}

static void print_arguments(const struct aim *aim)
{
	const struct command *command = aim->line->command;

	if (!command) {
		print_commands(aim);
		return;
	}
	for (const char *way = command->arguments; way; way = strstr(way, " | ")) {
		way += strncmp(way, " | ", 3) ? 0 : 3;
		print_way(aim, way);
	}
}

static void print_options(const struct aim *aim)
{
	const struct option_entry *const tables[] = {
		global_options, aim->line->command ? aim->line->command->options : NULL
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct option_entry *entry = tables[i]; entry && entry->name; entry++) {
			char text[64];

			snprintf(text, sizeof(text), "--%s", entry->name);
			print_candidate(aim, text);
		}
}

/* word: the value as far as it is there; lead: what of the word is before it. */
static void print_values(const struct line *line, const struct option_entry *entry,
			 const char *lead, const char *word)
{
	const char *comma = entry->type == OPTION_CHOICES ? strrchr(word, ',') : NULL;
	int kept = comma ? comma + 1 - word : 0;
	char *text = NULL;
	struct line with_value = *line;
	struct aim aim = { .line = &with_value, .begun = word + kept, .caseless = entry->names };

	with_value.value = entry;
	if (asprintf(&text, "%s%.*s", lead, kept, word) < 0)
		return;
	aim.lead = text;
	if (!print_kinds(&aim, entry->argument, strlen(entry->argument)))
		for (unsigned i = 0; entry->names && entry->names(i); i++)
			print_candidate(&aim, entry->names(i));
	free(text);
}

static const struct option_entry *find_option(const struct line *line, const char *name,
					      size_t length)
{
	const struct option_entry *const tables[] = { global_options,
						      line->command ? line->command->options :
								      NULL };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct option_entry *entry = tables[i]; entry && entry->name; entry++)
			if ((strlen(entry->name) == length &&
			     !strncmp(entry->name, name, length)) ||
			    (length == 1 && entry->letter == *name))
				return entry;
	return NULL;
}

/* The option of "--name", "--name=value", "-n"; *value: what follows "=", or NULL. */
static const struct option_entry *option_of(const struct line *line, const char *word,
					    const char **value)
{
	const char *name = word + 1 + (word[1] == '-');
	size_t length = strcspn(name, "=");

	if (word[1] != '-') { /* the last of several letters */
		name += strlen(name) - 1;
		length = 1;
	}
	*value = name[length] == '=' ? name + length + 1 : NULL;
	return find_option(line, name, length);
}

static void take_option(struct line *line, const char *word)
{
	const char *value;
	const struct option_entry *entry = option_of(line, word, &value);

	if (!entry || !entry->argument)
		return;
	if (value && !strcmp(entry->name, "context"))
		line->context = value;
	if (!value)
		line->value = entry;
}

static void take_word(struct line *line, char *word)
{
	if (line->value) {
		if (!strcmp(line->value->name, "context"))
			line->context = word;
		line->value = NULL;
	} else if (!line->dashes && !strcmp(word, "--")) {
		line->dashes = true;
	} else if (!line->dashes && word[0] == '-' && word[1]) {
		take_option(line, word);
	} else if (!line->command) {
		line->command = find_command(word);
	} else {
		line->arguments[line->count++] = word;
	}
}

void print_completions(const struct globals *globals, int count, char **words)
{
	struct line line = { .context = globals->context,
			     .arguments = count ? calloc(count, sizeof(char *)) : NULL };
	struct aim aim = { .line = &line, .lead = "" };
	const struct option_entry *entry;
	const char *value;

	for (int i = 0; line.arguments && i + 1 < count; i++)
		take_word(&line, words[i]);
	aim.begun = line.arguments ? words[count - 1] : "";
	if (line.value) {
		print_values(&line, line.value, "", aim.begun);
	} else if (line.dashes) {
		puts(COMPLETE_COMMANDS);
	} else if (*aim.begun != '-') {
		print_arguments(&aim);
	} else if (strchr(aim.begun, '=')) {
		char *lead = strndup(aim.begun, strcspn(aim.begun, "=") + 1);

		entry = option_of(&line, aim.begun, &value);
		if (entry && entry->argument && value && lead)
			print_values(&line, entry, lead, value);
		free(lead);
	} else {
		print_options(&aim);
	}
	free(line.arguments);
}
