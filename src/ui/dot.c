// SPDX-License-Identifier: GPL-2.0-only
#include "ui/dot.h"

#include <stdarg.h>
#include <stdio.h>

#include "util/text.h"

static void put_string(const char *text)
{
	putchar('"');
	text_print_quoted(stdout, text);
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

void dot_node(const char *id, const char *shape, const char *colour, ...)
{
	const char *between = "", *line;
	va_list lines;

	putchar('\t');
	put_string(id);
	printf(" [shape=%s fillcolor=%s label=\"", shape, colour);
	va_start(lines, colour);
	while ((line = va_arg(lines, const char *))) {
		fputs(between, stdout);
		text_print_quoted(stdout, line);
		between = "\\n";
	}
	va_end(lines);
	puts("\"]");
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
