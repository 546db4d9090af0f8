// SPDX-License-Identifier: GPL-2.0-only
#include "ui/guess.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "ui/error.h"

#define LONGEST 31 /* words beyond that are not compared */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * How many letters are to be left out, put in, changed, or swapped with the next: the optimal
 * string alignment distance, by rows of its table.
 */
static unsigned distance_of(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][LONGEST + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const unsigned *before = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(above[j - 1] + !is_same(a[i - 1], b[j - 1]),
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
			    is_same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

void guess_consider(struct guess *guess, const char *candidate)
{
	size_t length = strlen(candidate);
	unsigned distance;

	if (!guess->length || guess->length > LONGEST || length > LONGEST)
		return;
	distance = distance_of(guess->word, guess->length, candidate, length);
	/* Its beginning is nearer than any mistake. */
	if (guess->length > 1 && !strncasecmp(guess->word, candidate, guess->length))
		distance = 0;
	if (distance > 1 + guess->length / 5 || distance >= guess->length ||
	    (guess->best && distance >= guess->distance))
		return;
	guess->best = candidate;
	guess->distance = distance;
}

void guess_hint(const struct guess *guess, const char *before)
{
	if (guess->best)
		fail_hint("did you mean '%s%s'? --help lists them", before, guess->best);
	else
		fail_hint("--help lists them");
}
