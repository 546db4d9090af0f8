/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that may be any bytes, as somebody else chose them. For people every byte that is no
 * printable ASCII, and the backslash, becomes \xNN: nothing can break a line, drive a terminal
 * or look like something else. For JSON it becomes valid UTF-8.
 */
#ifndef DMABUFCTL_UTIL_TEXT_H
#define DMABUFCTL_UTIL_TEXT_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Whether it is of a word, as names in C are. */
static inline bool text_is_in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Copies what fits, always NUL terminated; size is at least 1. */
static inline void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

/*
 * Appends what fits to the text in a buffer of that size; if there is text already, after what is
 * to stand between.
 */
void text_join(char *text, size_t size, const char *between, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Whether a list, separated by commas, has the word, in either case. */
bool text_lists(const char *list, const char *word);

/* Writes the text for people, with a NUL, and returns where that is. */
#define TEXT_ESCAPED(length) (4 * (length) + 1) /* the room for it */
char *text_escape(char *to, const char *text);

/* The same to a stream. */
void text_print(FILE *stream, const char *text);

/* The same for what is between double quotes in DOT and OpenMetrics, where \\ is a backslash. */
void text_print_quoted(FILE *stream, const char *text);

/* Bytes of the UTF-8 character that the text begins with, 0 when that is none (RFC 3629). */
size_t text_character(const char *text);

/* Each byte that belongs to no character becomes U+FFFD. malloc'd; NULL: out of memory. */
char *text_to_utf8(const char *text);

#endif
