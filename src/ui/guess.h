/* SPDX-License-Identifier: GPL-2.0-only */
/* What a mistyped word was meant to be. */
#ifndef DMABUFCTL_UI_GUESS_H
#define DMABUFCTL_UI_GUESS_H

#include <stddef.h>

struct guess {
	const char *word; /* need not be terminated after length */
	size_t length;
	const char *best; /* NULL: nothing is near enough */
	unsigned distance;
};

/* Compares with one more of the words that are right; candidate must outlive the guess. */
void guess_consider(struct guess *guess, const char *candidate);

/* The hint of a failure that is noted: what was meant, if anything, and where all are listed. */
void guess_hint(const struct guess *guess, const char *before);

#endif
