// SPDX-License-Identifier: GPL-2.0-only
/* Pictures: the language's own quoting, and nothing that breaks out of it. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "ui/dot.h"

static const char wanted[] =
	"digraph \"a \\\"graph\\\"\" {\n"
	"\tnode [fontname=\"sans-serif\" style=filled fillcolor=white]\n"
	"\tedge [fontname=\"sans-serif\"]\n"
	"\t\"one\" [shape=box fillcolor=gold label=\"one\"]\n"
	"\t\"t\\\\x0awo\" [shape=ellipse fillcolor=white label=\"t\\\"w\\nd\\\\x5co\\n\\\\xff\"]\n"
	"\t\"one\" -> \"t\\\\x0awo\" [style=solid]\n"
	"\t\"two\" -> \"one\" [style=dashed label=\"\\\"\"]\n"
	"}\n";

int main(void)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size), *screen = stdout;

	stdout = file;
	dot_begin("a \"graph\"");
	dot_node("one", "box", "gold", "one", NULL);
	dot_node("t\nwo", "ellipse", "white", "t\"w", "d\\o", "\xff", NULL);
	dot_edge("one", "t\nwo", "solid", NULL);
	dot_edge("two", "one", "dashed", "\"");
	dot_end();
	fclose(file);
	stdout = screen;
	check(!strcmp(text, wanted), "a graph");
	free(text);
	return check_plan();
}
