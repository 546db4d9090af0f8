// SPDX-License-Identifier: GPL-2.0-only
/* Which function is the last of a module, by what /proc/kallsyms says. */
#include <stdio.h>
#include <string.h>

#include "kernel/module.h"
#include "tests/unit/check.h"

static char symbols[] = "ffffffff81000000 T first\n"
			"ffffffffc0a02000 t middle\t[iommufd]\n"
			"ffffffffc0a01000 T begin\t[iommufd]\n"
			"ffffffffc0a03000 t last\t[iommufd]\n"
			"ffffffffc0a03000 T alias\t[iommufd]\n"
			"ffffffffc0a09000 d data\t[iommufd]\n"
			"ffffffffc0b00000 t only\t[vfio]\n"
			"0000000000000000 t hidden\t[secret]\n"
			"0000000000000000 t too\t[secret]\n";

static const struct {
	const char *module, *function;
	bool last;
} table[] = {
	{ "iommufd", "begin", false }, { "iommufd", "middle", false },
	{ "iommufd", "last", true },   { "iommufd", "alias", true },
	{ "iommufd", "data", false },  { "iommufd", "first", false },
	{ "iommufd", "none", false },  { "vfio", "only", true },
	{ "vfio", "middle", false },   { "secret", "hidden", true },
};

int main(void)
{
	FILE *file = fmemopen(symbols, strlen(symbols), "r");

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		check(module_ends_with(file, table[i].module, table[i].function) == table[i].last,
		      "%s of %s", table[i].function, table[i].module);
	fclose(file);
	return check_plan();
}
