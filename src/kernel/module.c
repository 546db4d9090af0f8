// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/module.h"

#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void quiet(void *data, int priority, const char *file, int line, const char *function,
		  const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function, (void)format, (void)args;
}

static struct kmod_ctx *new_context(void)
{
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);

	if (kmod)
		kmod_set_log_fn(kmod, quiet, NULL);
	return kmod;
}

enum module_state module_get_state(const char *name)
{
	enum module_state state = MODULE_MISSING;
	struct kmod_ctx *kmod = new_context();
	struct kmod_module *module;
	char path[128];
	int init;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (!kmod)
		return access(path, F_OK) ? MODULE_MISSING : MODULE_LIVE;
	if (!kmod_module_new_from_name(kmod, name, &module)) {
		init = kmod_module_get_initstate(module);
		if (init == KMOD_MODULE_LIVE || init == KMOD_MODULE_BUILTIN)
			state = MODULE_LIVE;
		else if (kmod_module_get_path(module))
			state = MODULE_LOADABLE;
		kmod_module_unref(module);
	}
	/* modules.builtin may be absent; a built-in module with parameters still shows here. */
	if (state == MODULE_MISSING && !access(path, F_OK))
		state = MODULE_LIVE;
	kmod_unref(kmod);
	return state;
}

int module_load(const char *name)
{
	struct kmod_ctx *kmod = new_context();
	struct kmod_module *module = NULL;
	int rc;

	if (!kmod)
		return -ENOMEM;
	rc = kmod_module_new_from_name(kmod, name, &module);
	if (!rc) {
		rc = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
	}
	kmod_unref(kmod);
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
	if (!kmod_module_new_from_lookup(kmod, alias, &modules) && modules)
		state = MODULE_LOADABLE;
	kmod_module_unref_list(modules);
	kmod_unref(kmod);
	return state;
}
