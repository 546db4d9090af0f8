// SPDX-License-Identifier: GPL-2.0-only
/* PCI addresses as people type them. */
#include <string.h>

#include "kernel/pci.h"
#include "tests/unit/check.h"

static const struct {
	const char *text;
	const char *bdf; /* NULL: refused */
} names[] = {
	{ "0000:01:00.0", "0000:01:00.0" },
	{ "01:00.0", "0000:01:00.0" },
	{ "10000:e1:1f.7", "10000:e1:1f.7" },
	{ "0001:AB:00.1", "0001:ab:00.1" },
	{ "1:0.0", "0000:01:00.0" },
	{ "01:20.0", NULL },
	{ "01:00.8", NULL },
	{ "01:00", NULL },
	{ "01:00.0x", NULL },
	{ " 01:00.0", NULL },
	{ "-1:00.0", NULL },
	{ "0000:01:00.0:1", NULL },
	{ "", NULL },
	{ "vfio0", NULL },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct pci_name name;
		int rc = pci_parse_name(names[i].text, &name);

		check(names[i].bdf ? !rc && !strcmp(name.bdf, names[i].bdf) : rc != 0, "'%s'",
		      names[i].text);
	}
	return check_plan();
}
