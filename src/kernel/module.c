// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/module.h"

#include <errno.h>
#include <libkmod.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/library.h"

#define KMOD_FUNCTIONS(each)                                                                  \
	each(kmod_new) each(kmod_unref) each(kmod_set_log_fn) each(kmod_module_new_from_name) \
		each(kmod_module_new_from_lookup) each(kmod_module_get_initstate)             \
			each(kmod_module_get_path) each(kmod_module_probe_insert_module)      \
				each(kmod_module_unref) each(kmod_module_unref_list)
LIBRARY("libkmod.so.2", KMOD_FUNCTIONS);

static void quiet(void *data, int priority, const char *file, int line, const char *function,
		  const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function, (void)format,
		(void)args;
}

static struct kmod_ctx *new_context(void)
{
	struct kmod_ctx *kmod = library_load(&library) ? lib.kmod_new(NULL, NULL) : NULL;

	if (kmod)
		lib.kmod_set_log_fn(kmod, quiet, NULL);
	return kmod;
}

static enum module_state ask_library(struct kmod_ctx *kmod, const char *name)
{
	enum module_state state = MODULE_MISSING;
	struct kmod_module *module;
	int init;

	if (lib.kmod_module_new_from_name(kmod, name, &module))
		return MODULE_MISSING;
	init = lib.kmod_module_get_initstate(module);
	if (init == KMOD_MODULE_LIVE || init == KMOD_MODULE_BUILTIN)
		state = MODULE_LIVE;
	else if (lib.kmod_module_get_path(module))
		state = MODULE_LOADABLE;
	lib.kmod_module_unref(module);
	return state;
}

enum module_state module_get_state(const char *name)
{
	enum module_state state = MODULE_MISSING;
	struct kmod_ctx *kmod = new_context();
	char path[128];

	if (kmod) {
		state = ask_library(kmod, name);
		lib.kmod_unref(kmod);
	}
	/* modules.builtin may be absent; a built-in module with parameters still shows here. */
	snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (state == MODULE_MISSING && !access(path, F_OK))
		state = MODULE_LIVE;
	return state;
}

int module_load(const char *name)
{
	struct kmod_ctx *kmod = new_context();
	struct kmod_module *module = NULL;
	int rc;

	if (!kmod)
		return -ELIBACC;
	rc = lib.kmod_module_new_from_name(kmod, name, &module);
	if (!rc) {
		rc = lib.kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		lib.kmod_module_unref(module);
	}
	lib.kmod_unref(kmod);
	return rc > 0 ? -EPERM : rc; /* positive: blacklisted */
}

/* Names are there for everybody; only the addresses are hidden. */
static int in_kallsyms(const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	int found = 0;

	if (!file)
		return 0;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*s %255s", name) == 1 && !strcmp(name, symbol);
	fclose(file);
	return found;
}

enum module_state module_find_symbol(const char *symbol)
{
	enum module_state state = MODULE_MISSING;
	struct kmod_list *modules = NULL;
	struct kmod_ctx *kmod;
	char alias[256];

	if (in_kallsyms(symbol))
		return MODULE_LIVE;
	kmod = new_context();
	if (!kmod)
		return MODULE_MISSING;
	snprintf(alias, sizeof(alias), "symbol:%s", symbol);
	if (!lib.kmod_module_new_from_lookup(kmod, alias, &modules) && modules)
		state = MODULE_LOADABLE;
	lib.kmod_module_unref_list(modules);
	lib.kmod_unref(kmod);
	return state;
}

/* A line of it: "ffffffffc0a01000 t name	[module]". False: no function of the module. */
static bool parse_symbol(const char *line, const char *module, unsigned long long *address,
			 char name[128])
{
	char type, owner[64];

	return strchr(line, '[') &&
	       sscanf(line, "%llx %c %127s [%63[^]]]", address, &type, name, owner) == 4 &&
	       (type == 't' || type == 'T') && !strcmp(owner, module);
}

bool module_ends_with(FILE *symbols, const char *module, const char *function)
{
	unsigned long long address, wanted = 0, last = 0;
	char line[512], name[128];
	bool found = false;

	rewind(symbols);
	while (fgets(line, sizeof(line), symbols)) {
		if (!parse_symbol(line, module, &address, name))
			continue;
		last = address > last ? address : last;
		if (!strcmp(name, function)) {
			found = true;
			wanted = address;
		}
	}
	return found && wanted == last;
}
