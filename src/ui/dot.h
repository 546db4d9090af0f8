/* SPDX-License-Identifier: GPL-2.0-only */
/* Pictures for Graphviz: a directed graph on standard output. Any text may be any bytes. */
#ifndef DMABUFCTL_UI_DOT_H
#define DMABUFCTL_UI_DOT_H

void dot_begin(const char *name);
void dot_end(void);

/* shape and colour are Graphviz's; the label's lines follow, NULL ends them. */
void dot_node(const char *id, const char *shape, const char *colour, ...) __attribute__((sentinel));

/* style is Graphviz's; label NULL: none. */
void dot_edge(const char *from, const char *to, const char *style, const char *label);

#endif
