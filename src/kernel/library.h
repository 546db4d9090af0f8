/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Libraries that few commands want and that would cost every command its start: loaded on first
 * use, to stay.
 */
#ifndef DMABUFCTL_KERNEL_LIBRARY_H
#define DMABUFCTL_KERNEL_LIBRARY_H

#include <stdbool.h>

struct library_symbol {
	const char *name; /* NULL at the end */
	void **place;	  /* a function pointer of the symbol's type */
};

/* False when the library or one of the symbols is not there. */
bool library_load(const char *name, const struct library_symbol *symbols);

#endif
