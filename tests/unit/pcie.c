// SPDX-License-Identifier: GPL-2.0-only
/* Ways through a tree of bridges that is made up here, and what their config space says. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/pcie.h"
#include "kernel/sys.h"
#include "tests/unit/check.h"

/* A function's config space: capabilities at 0x40 and 0x60, extended ones from 0x100 on. */
struct function {
	const char *name;
	size_t readable;
	int express;		 /* the port's type, -1: no PCI Express */
	uint32_t extended[3][2]; /* where, header; then what follows */
	int acs;		 /* the control register, -1: none */
};

#define EXTENDED(id, next) ((id) | 1 << 16 | (uint32_t)(next) << 20)

static const struct function functions[] = {
	{ "0000:00:01.0", 4096, PCI_EXP_TYPE_ROOT_PORT, { { 0x100, EXTENDED(1, 0x148) } }, 0x1d },
	{ "0000:01:00.0", 4096, PCI_EXP_TYPE_UPSTREAM, { { 0x100, EXTENDED(1, 0) } }, -1 },
	{ "0000:02:03.0", 4096, PCI_EXP_TYPE_DOWNSTREAM, { { 0 } }, 0x62 },
	{ "0000:03:00.0", 4096, PCI_EXP_TYPE_PCI_BRIDGE, { { 0 } }, -1 },
	{ "0000:04:00.0", 4096, PCI_EXP_TYPE_PCIE_BRIDGE, { { 0 } }, -1 },
	{ "0000:05:00.0", 4096, PCI_EXP_TYPE_ENDPOINT, { { 0 } }, 0 },
	{ "0000:05:00.1", 4096, PCI_EXP_TYPE_LEG_END, { { 0 } }, -1 },
	{ "0000:05:00.2", 4096, PCI_EXP_TYPE_RC_END, { { 0 } }, -1 },
	{ "0000:06:00.0", 256, -1, { { 0 } }, -1 },		       /* conventional PCI */
	{ "0000:06:00.1", 256, PCI_EXP_TYPE_ENDPOINT, { { 0 } }, -1 }, /* no extended space shown */
	{ "0000:06:00.2", 64, PCI_EXP_TYPE_ROOT_PORT, { { 0 } }, 4 },  /* no privileges */
	{ "0000:06:00.3", 0, PCI_EXP_TYPE_ROOT_PORT, { { 0 } }, 4 },   /* nothing at all */
	/* Extended lists that go in circles, and that begin with an empty header. */
	{ "0000:07:00.0", 4096, PCI_EXP_TYPE_ENDPOINT, { { 0x100, EXTENDED(1, 0x100) } }, -1 },
	{ "0000:07:00.1", 4096, PCI_EXP_TYPE_ENDPOINT, { { 0x100, EXTENDED(0, 0x148) } }, 2 },
};

#define FUNCTIONS (sizeof(functions) / sizeof(*functions))

static void put(uint8_t *config, unsigned at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		config[at + i] = value >> 8 * i;
}

static void make_config(const struct function *function, uint8_t config[4096])
{
	memset(config, 0, 4096);
	config[PCI_CAPABILITY_LIST] = 0x41; /* the low bits are reserved */
	put(config, 0x40, PCI_CAP_ID_MSI | 0x60 << 8);
	if (function->express >= 0)
		put(config, 0x60, PCI_CAP_ID_EXP | (uint32_t)(2 | function->express << 4) << 16);
	put(config, 0x100, function->extended[0][1]);
	if (function->acs < 0)
		return;
	if (!function->extended[0][1])
		put(config, 0x100, EXTENDED(PCI_EXT_CAP_ID_VNDR, 0x148));
	put(config, 0x148, EXTENDED(PCI_EXT_CAP_ID_ACS, 0));
	put(config, 0x14c, 0x7f | (uint32_t)function->acs << 16);
}

int sys_open(const char *path, int flags)
{
	(void)flags;
	for (unsigned i = 0; i < FUNCTIONS; i++)
		if (strstr(path, functions[i].name) && functions[i].readable)
			return i;
	return -EACCES;
}

void sys_close(int fd)
{
	(void)fd;
}

ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset)
{
	uint8_t config[4096];
	size_t readable = functions[fd].readable;

	make_config(&functions[fd], config);
	size = offset ? 0 : size < readable ? size : readable;
	memcpy(buffer, config, size);
	return size;
}

int sys_read_file(const char *path, char **text)
{
	(void)path, (void)text;
	return -ENOENT;
}

int sys_write_file(const char *path, const char *text)
{
	(void)path, (void)text;
	return -ENOENT;
}

static const char *place; /* of the device in sysfs, NULL: there is none */

char *__wrap_realpath(const char *path, char *resolved);
char *__wrap_realpath(const char *path, char *resolved)
{
	(void)path, (void)resolved;
	return place ? strdup(place) : NULL;
}

static void describe(char *text, size_t size, const struct pcie_path *path)
{
	size_t used = snprintf(text, size, "%s", path->host_bridge);

	for (unsigned i = 0; i < path->count; i++) {
		char acs[128];

		pcie_format_acs(&path->hops[i], acs, sizeof(acs));
		used += snprintf(text + used, size - used, "; %s, %s, %s", path->hops[i].name.bdf,
				 pcie_type_name(path->hops[i].type), acs);
	}
}

static const struct {
	const char *place;
	const char *wanted;
} paths[] = {
	{ "/sys/devices/pci0000:00/0000:06:00.0", "pci0000:00; 0000:06:00.0, unknown, none" },
	{ "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:03.0/0000:05:00.0",
	  "pci0000:00; "
	  "0000:00:01.0, root port, SrcValid+ TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd+ "
	  "EgressCtrl- DirectTrans-; "
	  "0000:01:00.0, upstream port, none; "
	  "0000:02:03.0, downstream port, SrcValid- TransBlk+ ReqRedir- CmpltRedir- UpstreamFwd- "
	  "EgressCtrl+ DirectTrans+; "
	  "0000:05:00.0, endpoint, SrcValid- TransBlk- ReqRedir- CmpltRedir- UpstreamFwd- "
	  "EgressCtrl- DirectTrans-" },
	{ "/sys/devices/pci10000:e0/0000:03:00.0/0000:04:00.0/0000:05:00.1",
	  "pci10000:e0; 0000:03:00.0, bridge, none; 0000:04:00.0, bridge, none; "
	  "0000:05:00.1, endpoint, none" },
	{ "/sys/devices/pci0000:00/0000:05:00.2", "pci0000:00; 0000:05:00.2, endpoint, none" },
	{ "/sys/devices/pci0000:00/0000:06:00.1",
	  "pci0000:00; 0000:06:00.1, endpoint, unreadable" },
	{ "/sys/devices/pci0000:00/0000:06:00.2", "pci0000:00; 0000:06:00.2, unknown, unreadable" },
	{ "/sys/devices/pci0000:00/0000:06:00.3", "pci0000:00; 0000:06:00.3, unknown, unreadable" },
	{ "/sys/devices/pci0000:00/0000:07:00.0", "pci0000:00; 0000:07:00.0, endpoint, none" },
	{ "/sys/devices/pci0000:00/0000:07:00.1",
	  "pci0000:00; 0000:07:00.1, endpoint, SrcValid- TransBlk+ ReqRedir- CmpltRedir- "
	  "UpstreamFwd- EgressCtrl- DirectTrans-" },
};

int main(void)
{
	const struct pci_name any = { "0000:06:00.0" };
	struct pcie_path path;

	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char text[1024];
		int rc;

		place = paths[i].place;
		rc = pcie_get_path(&any, &path);
		describe(text, sizeof(text), &path);
		check(!rc && !strcmp(text, paths[i].wanted), "%s", text);
		check(path.count && path.hops[0].acs_control ==
					    (path.hops[0].acs == PCIE_ACS_PRESENT ?
						     (strstr(place, "07:00.1") ? 2 : 0x1d) :
						     0),
		      "its control register: %x", path.hops[0].acs_control);
		free(path.hops);
	}
	place = NULL;
	check(pcie_get_path(&any, &path) == -ENODEV && !path.count, "no such device");
	return check_plan();
}
