// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/library.h"

#include <dlfcn.h>

static bool load(const char *name, const struct library_symbol *symbols)
{
	void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return false;
	for (; symbols->name; symbols++) {
		*symbols->place = dlsym(library, symbols->name);
		if (!*symbols->place) {
			dlclose(library);
			return false;
		}
	}
	return true;
}

bool library_load(struct library *library)
{
	library->loaded = library->loaded || load(library->name, library->symbols);
	return library->loaded;
}
