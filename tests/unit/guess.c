// SPDX-License-Identifier: GPL-2.0-only
/* Which word was meant. */
#include <string.h>

#include "tests/unit/check.h"
#include "ui/guess.h"

static const struct {
	const char *word;
	const char *best; /* of the candidates below; NULL: none */
} guesses[] = {
	{ "lsit", "list" },
	{ "lst", "list" },
	{ "lisst", "list" },
	{ "lost", "list" },
	{ "LIST", "list" },
	{ "statsu", "status" },
	{ "stat", "status" },
	{ "st", "status" },
	{ "exprot", "export" },
	{ "topologie", "topology" },
	{ "topology", "topology" },
	{ "imort", "import" },
	{ "frobnicate", NULL },
	{ "x", NULL },
	{ "", NULL },
	{ "lxxx", NULL },
	{ "s", NULL },
	{ "exxxxt", NULL },
	{ "ab", NULL },
	{ "Sizee", "SIZE" },
	{ "resct", "reset" },
	{ "mport", "import" },
	{ "emport", "export" },
	{ "export", "export" },
};

static const char *const candidates[] = { "list",     "status", "export", "import",
					  "topology", "SIZE",	"reset" };

static const char *guess_of(const char *word, size_t length)
{
	struct guess guess = { .word = word, .length = length };

	for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates); i++)
		guess_consider(&guess, candidates[i]);
	return guess.best;
}

int main(void)
{
	char longest[64];

	for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
		const char *best = guess_of(guesses[i].word, strlen(guesses[i].word));

		check(guesses[i].best ? best && !strcmp(best, guesses[i].best) : !best, "'%s': %s",
		      guesses[i].word, best ? best : "none");
	}
	check(!strcmp(guess_of("lsit=now", 4), "list"), "what is not terminated");
	memset(longest, 'l', sizeof(longest));
	check(!guess_of(longest, sizeof(longest)), "what is too long to be one");
	return check_plan();
}
