/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of commands: read with a limit, and split into words as a shell does. */
#ifndef DMABUFCTL_UI_LINE_H
#define DMABUFCTL_UI_LINE_H

#include <stdio.h>

#define LINE_LIMIT 65536 /* bytes, without the newline */

/*
 * Reads the next line, without its newline, into line. Returns 1, or 0 at the end of the file,
 * -E2BIG when it is too long (the rest of it is not read), -EILSEQ when it has a NUL byte, or
 * the errno with which reading failed.
 */
int line_read(FILE *file, char line[LINE_LIMIT + 1]);

/*
 * Splits it in place: blanks, '...', "..." in which \" and \\ are such, \ outside of quotes, #
 * comments. words must have room for strlen(line) / 2 + 2; NULL follows the last. Returns how
 * many, or -EINVAL when a quote is not closed or the line ends with a backslash.
 */
int line_split(char *line, char **words);

#endif
