// SPDX-License-Identifier: GPL-2.0-only
#include "ui/dot.h"

#include <stdio.h>

/* A string of Graphviz's language; what a terminal or a parser might take amiss becomes "?". */
static void put_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char byte = *text;

		if (byte == '\n')
			fputs("\\n", stdout);
		else if (byte == '"' || byte == '\\')
			printf("\\%c", byte);
		else
			putchar(byte < ' ' || byte == 0x7f ? '?' : byte);
	}
	putchar('"');
}

void dot_begin(const char *name)
{
	printf("digraph ");
	put_string(name);
	puts(" {\n\tnode [fontname=\"sans-serif\" style=filled fillcolor=white]\n"
	     "\tedge [fontname=\"sans-serif\"]");
}

void dot_end(void)
{
	puts("}");
}

void dot_node(const char *id, const char *shape, const char *colour, const char *label)
{
	putchar('\t');
	put_string(id);
	printf(" [shape=%s fillcolor=%s label=", shape, colour);
	put_string(label);
	puts("]");
}

void dot_edge(const char *from, const char *to, const char *style, const char *label)
{
	putchar('\t');
	put_string(from);
	fputs(" -> ", stdout);
	put_string(to);
	printf(" [style=%s", style);
	if (label) {
		fputs(" label=", stdout);
		put_string(label);
	}
	puts("]");
}
