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

struct library {
	const char *name;
	const struct library_symbol *symbols;
	bool loaded;
};

/* False when the library or one of the symbols is not there. */
bool library_load(struct library *library);

/*
 * What a file uses of a library. lib.FUNCTION is there for each that functions(each) lists, once
 * library_load(&library) was true.
 */
#define LIBRARY(name, functions)                                                                   \
	static struct {                                                                            \
		functions(LIBRARY_POINTER)                                                         \
	} lib;                                                                                     \
	static const struct library_symbol library_symbols[] = { functions(LIBRARY_SYMBOL){ 0 } }; \
	static struct library library = { name, library_symbols, false }
#define LIBRARY_POINTER(function) __typeof__(&function) function;
#define LIBRARY_SYMBOL(function) { #function, (void **)&lib.function },

#endif
