// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/pcie.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/capability.h"
#include "kernel/sys.h"
#include "util/array.h"
#include "util/scope.h"
#include "util/text.h"

/* Config space as sysfs shows it: 64 bytes to everybody, all of it with privileges. */
struct config {
	uint8_t bytes[4096];
	size_t size;
};

static void read_config(const struct pci_name *name, struct config *config)
{
	char path[64];
	ssize_t got;
	int fd;

	config->size = 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", name->bdf);
	fd = sys_open(path, O_RDONLY);
	if (fd < 0)
		return;
	got = sys_pread(fd, config->bytes, sizeof(config->bytes), 0);
	sys_close(fd);
	config->size = got > 0 ? got : 0;
}

/* 0 beyond what could be read. */
static uint32_t get(const struct config *config, unsigned offset, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes && offset + i < config->size; i++)
		value |= (uint32_t)config->bytes[offset + i] << 8 * i;
	return value;
}

static int read_value(const void *config, unsigned offset, unsigned bytes, uint32_t *value)
{
	*value = get(config, offset, bytes);
	return 0;
}

static unsigned find_extended_capability(const struct config *config, uint16_t wanted)
{
	unsigned position = PCI_CFG_SPACE_SIZE;

	for (unsigned steps = 0; position && steps < 480; steps++) {
		uint32_t header = get(config, position, 4);

		if (header && PCI_EXT_CAP_ID(header) == wanted)
			return position;
		position = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

static enum pcie_type type_of(const struct config *config)
{
	unsigned express;

	if (capability_find(read_value, config, PCI_CAP_ID_EXP, &express))
		return PCIE_UNKNOWN;
	switch ((get(config, express + PCI_EXP_FLAGS, 2) & PCI_EXP_FLAGS_TYPE) >> 4) {
	case PCI_EXP_TYPE_ROOT_PORT:
		return PCIE_ROOT_PORT;
	case PCI_EXP_TYPE_UPSTREAM:
		return PCIE_UPSTREAM;
	case PCI_EXP_TYPE_DOWNSTREAM:
		return PCIE_DOWNSTREAM;
	case PCI_EXP_TYPE_PCI_BRIDGE:
	case PCI_EXP_TYPE_PCIE_BRIDGE:
		return PCIE_BRIDGE;
	default:
		return PCIE_ENDPOINT;
	}
}

static void describe_hop(struct pcie_hop *hop)
{
	struct config config;
	unsigned acs;

	read_config(&hop->name, &config);
	hop->type = type_of(&config);
	acs = find_extended_capability(&config, PCI_EXT_CAP_ID_ACS);
	/* What has no PCI Express has no ACS; what has it and shows less than all may have. */
	if (acs)
		hop->acs = PCIE_ACS_PRESENT;
	else if (config.size <= PCI_STD_HEADER_SIZEOF ||
		 (hop->type != PCIE_UNKNOWN && config.size <= PCI_CFG_SPACE_SIZE))
		hop->acs = PCIE_ACS_UNREADABLE;
	else
		hop->acs = PCIE_ACS_ABSENT;
	hop->acs_control = acs ? get(&config, acs + PCI_ACS_CTRL, 2) : 0;
}

/* The device's position in sysfs names every bridge above it. */
int pcie_get_path(const struct pci_name *device, struct pcie_path *path)
{
	char link[64], *rest = NULL;
	auto_free char *real = NULL;

	*path = (struct pcie_path){ 0 };
	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", device->bdf);
	real = realpath(link, NULL);
	if (!real)
		return -ENODEV;
	for (char *part = strtok_r(real, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		struct pcie_hop hop = { 0 }, *added;

		if (!strncmp(part, "pci", 3))
			copy_text(path->host_bridge, sizeof(path->host_bridge), part);
		if (pci_parse_name(part, &hop.name))
			continue;
		describe_hop(&hop);
		added = array_add(&path->hops, &path->count);
		if (!added) {
			free(path->hops);
			return -ENOMEM;
		}
		*added = hop;
	}
	return 0;
}

const char *pcie_type_name(enum pcie_type type)
{
	static const char *const names[] = { "unknown",	      "endpoint",	 "root port",
					     "upstream port", "downstream port", "bridge" };

	return names[type];
}

void pcie_format_acs(const struct pcie_hop *hop, char *text, size_t size)
{
	static const char *const bits[] = { "SrcValid",	   "TransBlk",	 "ReqRedir",   "CmpltRedir",
					    "UpstreamFwd", "EgressCtrl", "DirectTrans" };

	if (hop->acs != PCIE_ACS_PRESENT) {
		snprintf(text, size, "%s", hop->acs == PCIE_ACS_ABSENT ? "none" : "unreadable");
		return;
	}
	*text = '\0';
	for (unsigned i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		text_join(text, size, " ", "%s%c", bits[i], hop->acs_control & 1 << i ? '+' : '-');
}
