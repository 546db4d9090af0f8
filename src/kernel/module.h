/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules, through libkmod, and the symbols that say what the kernel contains. */
#ifndef DMABUFCTL_KERNEL_MODULE_H
#define DMABUFCTL_KERNEL_MODULE_H

#include <stdbool.h>
#include <stdio.h>

enum module_state {
	MODULE_MISSING,
	MODULE_LOADABLE,
	MODULE_LIVE, /* loaded or built in */
};

enum module_state module_get_state(const char *name);

/* Loads it with its dependencies and options; 0 also when it is there already. */
int module_load(const char *name);

/*
 * Where a kernel function is: MODULE_LIVE when the running kernel has it, MODULE_LOADABLE
 * when a module that is not loaded exports it.
 */
enum module_state module_find_symbol(const char *symbol);

/*
 * Whether it is the last function of that module, or may be as addresses are hidden. symbols: what
 * /proc/kallsyms has.
 */
bool module_ends_with(FILE *symbols, const char *module, const char *function);

#endif
