// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/library.h"

#include <dlfcn.h>

bool library_load(const char *name, const struct library_symbol *symbols)
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
