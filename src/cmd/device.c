// SPDX-License-Identifier: GPL-2.0-only
/* device: shows PCI devices and their BARs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/lookup.h"
#include "util/scope.h"

/* Why a BAR cannot be exported as things are, NULL when nothing speaks against it. */
static const char *why_not(const struct pci_device *pci, unsigned bar)
{
	static char text[96];

	switch (pci->bars[bar].type) {
	case PCI_BAR_ABSENT:
		return "absent";
	case PCI_BAR_IO:
		return "I/O ports";
	case PCI_BAR_MEMORY:
		break;
	}
	if (pci->bars[bar].bus.length < (uint64_t)sysconf(_SC_PAGESIZE))
		return "smaller than a page";
	if (*pci->cdev)
		return NULL;
	if (pci->bridge)
		return "the device is a bridge";
	snprintf(text, sizeof(text), "driver %s; bind it first",
		 *pci->driver ? pci->driver : "none");
	return text;
}

static void fill_bar(json_object *row, const struct pci_device *pci, unsigned i)
{
	const struct pci_bar *bar = &pci->bars[i];
	const char *reason = why_not(pci, i);

	json_put_number(row, "bar", i);
	json_put_text(row, "type", bar->type == PCI_BAR_IO ? "io" : "memory");
	json_put_number(row, "size", bar->bus.length);
	json_put_address(row, "address", bar->bus.offset);
	json_put_bool(row, "prefetchable", bar->prefetchable);
	/* VFIO's rule for whole pages (vfio_pci_probe_mmaps). */
	json_put_bool(row, "mmap",
		      bar->type == PCI_BAR_MEMORY &&
			      bar->bus.length >= (uint64_t)sysconf(_SC_PAGESIZE));
	json_put_bool(row, "exportable", !reason);
	json_put_text(row, "why_not", reason);
}

static void fill_words(json_object *row, const char *key, const char *text)
{
	json_object *list = json_put_array(row, key);
	char copy[128], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		add_text(list, word);
}

static void fill_device(json_object *row, const struct pci_device *pci, struct pci_names *names)
{
	char text[256], id[12];
	json_object *bars;

	json_put_text(row, "device", pci->name.bdf);
	pci_names_class(names, pci, text, sizeof(text));
	json_put_text(row, "class", text);
	pci_names_device(names, pci, text, sizeof(text));
	json_put_text(row, "description", text);
	snprintf(id, sizeof(id), "%04x:%04x", pci->vendor, pci->device);
	json_put_text(row, "id", id);
	json_put_text(row, "driver", pci->driver);
	json_put_text(row, "cdev", pci->cdev);
	json_put_index(row, "group", pci->group);
	fill_words(row, "reset", pci->reset_methods);
	bars = json_put_array(row, "bars");
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (pci->bars[i].type != PCI_BAR_ABSENT)
			fill_bar(add_object(bars), pci, i);
}

static enum status fill_named(struct call *call, json_object *rows, struct pci_names *names)
{
	for (int i = 0; i < call->count; i++) {
		struct pci_device pci;
		enum status status = lookup_device(call->arguments[i], &pci);

		if (status)
			return status;
		fill_device(add_object(rows), &pci, names);
	}
	return STATUS_OK;
}

static enum status fill_all(json_object *rows, struct pci_names *names)
{
	auto_free struct pci_name *list = NULL;
	unsigned count;
	int rc = pci_list(&list, &count);

	if (rc == -ENOENT) /* no PCI bus */
		return STATUS_OK;
	if (rc)
		return fail_errno(rc, "device");
	for (unsigned i = 0; i < count; i++) {
		struct pci_device pci;

		if (!pci_get(&list[i], &pci)) /* it may have gone meanwhile */
			fill_device(add_object(rows), &pci, names);
	}
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	struct pci_names *names = pci_names_open();
	json_object *rows = json_object_new_array();
	enum status status;

	if (!names)
		return fail_errno(ENOMEM, "device");
	status = call->count ? fill_named(call, rows, names) : fill_all(rows, names);
	pci_names_close(names);
	if (status)
		json_object_put(rows);
	else
		json_object_object_add(call->result, "devices", rows);
	return status;
}

static const struct column device_columns[] = {
	{ "DEVICE", "device", COLUMN_TEXT, "BDF" },
	{ "DRIVER", "driver", COLUMN_TEXT, "the driver that it has" },
	{ "GROUP", "group", COLUMN_NUMBER, "IOMMU group" },
	{ "CDEV", "cdev", COLUMN_TEXT, "its VFIO node" },
	{ "RESET", "reset", COLUMN_LIST, "reset methods, in the kernel's order" },
	{ "CLASS", "class", COLUMN_TEXT, "PCI class" },
	{ "DESCRIPTION", "description", COLUMN_TEXT, "vendor and device" },
	{ "ID", "id", COLUMN_TEXT | COLUMN_VERBOSE, "vendor and device ID" },
	{ 0 },
};

static const struct column bar_columns[] = {
	{ "DEVICE", "device", COLUMN_TEXT, "BDF" },
	{ "BAR", "bar", COLUMN_NUMBER, "VFIO region index" },
	{ "TYPE", "type", COLUMN_TEXT, "memory or io" },
	{ "SIZE", "size", COLUMN_SIZE, "bytes" },
	{ "ADDRESS", "address", COLUMN_TEXT, "on the bus" },
	{ "MMAP", "mmap", COLUMN_TEXT, "VFIO lets it be mapped" },
	{ "EXPORTABLE", "exportable", COLUMN_TEXT, "as a dma-buf" },
	{ "WHY-NOT", "why_not", COLUMN_TEXT, "what stands in the way" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "devices",
	  .title = "Devices",
	  .empty = "no PCI devices",
	  .columns = device_columns },
	{ .key = "bars", .title = "BARs", .columns = bar_columns, .within = "devices" },
	{ 0 },
};

const struct command cmd_device = {
	.name = "device",
	.arguments = "[BDF...]",
	.summary = "show PCI devices: driver, VFIO node, group, resets, BARs",
	.least = 0,
	.most = -1,
	.context = CONTEXT_NONE,
	.sections = sections,
	.run = run,
};
