// SPDX-License-Identifier: GPL-2.0-only
/* What fdinfo of a dma-buf says, with what VFIO adds and without, and with names that people
 * choose. */
#include <stdlib.h>
#include <string.h>

#include "kernel/inventory/fdinfo.h"
#include "tests/unit/check.h"

#define HEAD "pos:\t0\nflags:\t02000002\nmnt_id:\t14\nino:\t5\nsize:\t1048576\ncount:\t3\n"
#define VFIO HEAD "exp_name:\tvfio_pci_core\n"
#define TOLD(revoked, closed)                                         \
	"vfio-device:\t0000:01:00.0\nvfio-region:\t2\n"               \
	"vfio-range:\t0x1000 0x2000\nvfio-range:\t0x400000 0xfe000\n" \
	"vfio-revoked:\t" revoked "\nvfio-closed:\t" closed "\n"

static const struct {
	const char *what, *text, *exporter, *name;
	bool told, revoked, closed;
} table[] = {
	{ "no dma-buf", "pos:\t0\nflags:\t02\n", NULL, "", false, false, false },
	{ "a name alone", "pos:\t0\nname:\texp_name:\tvfio_pci_core\n", NULL, "", false, false,
	  false },
	{ "of a heap", HEAD "exp_name:\tsystem-heap\nname:\tmine\n", "system-heap", "mine", false,
	  false, false },
	{ "VFIO's, without", VFIO, "vfio_pci_core", "", false, false, false },
	{ "VFIO's", VFIO TOLD("0", "0"), "vfio_pci_core", "", true, false, false },
	{ "revoked", VFIO TOLD("1", "0") "name:\tmine\n", "vfio_pci_core", "mine", true, true,
	  false },
	{ "closed", VFIO TOLD("1", "1"), "vfio_pci_core", "", true, true, true },
	{ "a name that pretends", VFIO "name:\tx\nvfio-device:\t0000:01:00.0\n", "vfio_pci_core",
	  "x\nvfio-device:\t0000:01:00.0", false, false, false },
	{ "a name that contradicts", VFIO TOLD("0", "0") "name:\tx\nvfio-revoked:\t1\n",
	  "vfio_pci_core", "x\nvfio-revoked:\t1", true, false, false },
};

static bool is_told(const struct inventory_export *export, bool revoked, bool closed)
{
	return export && export->by_fdinfo && !strcmp(export->device, "0000:01:00.0") &&
	       export->region == 2 && export->range_count == 2 &&
	       export->ranges[0].offset == 0x1000 && export->ranges[0].length == 0x2000 &&
	       export->ranges[1].offset == 0x400000 && export->ranges[1].length == 0xfe000 &&
	       export->revoked == revoked && export->closed == closed;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct inventory_dmabuf dmabuf = { .references = -1 };
		char text[1024];
		bool found;

		strcpy(text, table[i].text);
		found = inventory_parse_fdinfo(&dmabuf, text);
		check(found == !!table[i].exporter, "%s: whether it is one", table[i].what);
		if (!found)
			continue;
		check(!strcmp(dmabuf.exporter, table[i].exporter) &&
			      !strcmp(dmabuf.name, table[i].name) && dmabuf.size == 1048576 &&
			      dmabuf.references == 3,
		      "%s: what all tell", table[i].what);
		check(table[i].told ? is_told(dmabuf.export, table[i].revoked, table[i].closed) :
				      !dmabuf.export,
		      "%s: what it is part of", table[i].what);
		inventory_free_export(&dmabuf);
	}
	return check_plan();
}
