// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/complete.h"

#include <stdlib.h>
#include <string.h>

static void print_devices(void)
{
	auto_free struct pci_name *names = NULL;
	unsigned count;

	if (pci_list(&names, &count))
		return;
	for (unsigned i = 0; i < count; i++)
		puts(names[i].bdf);
}

/* kind OBJECT_KINDS: all that have names of their own. */
static void print_objects(const struct globals *globals, enum object_kind kind)
{
	const char *name = globals->context ? globals->context : "default";
	struct context context;

	if (!object_name_valid(name) || context_open_existing(&context, name))
		return;
	for_each_object(object, &context.objects, kind)
		puts(object->name);
	context_close(&context);
}

static void print_words(const struct globals *globals, enum word word)
{
	switch (word) {
	case WORD_DEVICE:
		print_devices();
		break;
	case WORD_BAR:
		puts("0\n1\n2\n3\n4\n5");
		break;
	case WORD_DMABUF:
		print_objects(globals, OBJECT_DMABUF);
		break;
	case WORD_MAPPING:
		print_objects(globals, OBJECT_MAPPING);
		break;
	case WORD_IOAS:
		print_objects(globals, OBJECT_IOAS);
		break;
	case WORD_OBJECT:
		print_objects(globals, OBJECT_KINDS);
		break;
	case WORD_COMMAND:
		for (const struct command *const *command = commands; *command; command++)
			puts((*command)->name);
		break;
	case WORD_CONTEXT_VERB:
		puts("list\nstart\nstop");
		break;
	case WORD_FILE: /* the shell's own business */
	case WORD_NONE:
		break;
	}
}

void print_completions(const struct globals *globals, int count, char **words)
{
	const struct command *command = count ? find_command(words[0]) : NULL;
	int position = 0, last = 0;

	if (!command)
		return;
	for (int i = 1; i < count; i++)
		position += words[i][0] != '-';
	while (last < 2 && command->words[last + 1])
		last++;
	print_words(globals, command->words[position < last ? position : last]);
}
